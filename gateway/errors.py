"""Errors, sorted by what whoever catches them should do.

`reason` is a stable word, also the key of the sentence in the catalogue that tells a person what happened and what to
do next (`gateway.catalogue`); `detail` is for the log and holds nothing personal.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class GatewayError(Exception):
    """Anything the daemon reports: a reason from the catalogue and a detail."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


class TransientError(GatewayError):
    """Wait and try again."""


class RefusedError(GatewayError):
    """The other side said no, and will until a person changes something: try again seldom, say so."""


class UnsendableError(GatewayError):
    """This one message will never be taken: set it aside, go on with the next."""


class Fault(NamedTuple):
    """One mistake in a configuration: where (path), which (key of the catalogue), and what its sentence needs."""

    path: str
    reason: str
    params: Mapping[str, str]


class ConfigurationError(GatewayError):
    """Stop, with an exit code of its own. `faults` are all mistakes found, in the order of the file."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("configuration", "; ".join(f"{f.path}: {f.reason}" for f in faults))
        self.faults = tuple(faults)
