"""JSON lines on standard error, and the one place where what must not be read is taken out.

Nothing personal, no key and no measured value is ever given to the log; the redaction here is the second lock.
"""

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from gateway.privacy import masked

Log = FilteringBoundLogger

_NEVER = frozenset(
    (
        "address",
        "data",
        "frame",
        "hex",
        "key",
        "mac",
        "name",
        "password",
        "payload",
        "secret",
        "serial",
        "username",
        "value",
        "values",
    )
)
# BlueZ writes addresses with underscores, behind `dev_`, in the paths of its objects.
_ADDRESS = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{2}(?:[:_-][0-9a-f]{2}){5}(?![0-9a-f])")
_MASK = "[redacted]"


class _Lenient:
    """A stream whose failures are nobody's: that a line cannot be logged must not keep a reading from being kept."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def configure(level: str = "info", stream: TextIO | None = None) -> Log:
    """Sets up structlog, and sends what libraries log the same way; gives the daemon's logger."""
    out = cast("TextIO", _Lenient(stream or sys.stderr))
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    renderer = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, redact, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logger: Log = structlog.get_logger()
    return logger


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Masks fields that must not be read, and device addresses and numbers of persons wherever they stand."""
    return _masked_fields(event)


def _masked_fields(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: _MASK if name in _NEVER else _masked(value) for name, value in fields.items()}


def _masked(value: object) -> object:
    if isinstance(value, str):
        return masked(_ADDRESS.sub(_MASK, value), _MASK)
    if isinstance(value, Mapping):
        return _masked_fields(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(item) for item in value]
    return value


def _library(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What a library says becomes the text of one event, so that events of the daemon keep stable names."""
    return {**event, "event": "library", "library": event["_record"].name, "text": str(event["event"])}
