"""Errors, sorted by what whoever catches them should do.

`reason` is a stable word, also the key of the sentence in the catalogue that tells a person what happened and what to
do next (`gateway.catalogue`); `detail` is for the log and holds nothing personal.
"""


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


class ConfigurationError(GatewayError):
    """Stop, with an exit code of its own. `faults` are all mistakes found: (path in the file, sentence)."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("configuration", "; ".join(f"{path}: {text}" for path, text in faults))
        self.faults = faults
