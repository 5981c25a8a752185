"""Cost of decoding one frame, beside a bare struct.unpack of the same bytes."""

import contextlib
import json
import struct
import timeit
from collections.abc import Iterator
from pathlib import Path

from benches import Row
from drivers import BUILTIN
from drivers.api import Decode, DecodeError, SerialDriver
from drivers.session import decoders

_VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors"
_SECONDS = 0.05


def measure(*, quick: bool = False) -> list[Row]:
    """Microseconds per frame, the mean over the driver's vectors that decode."""
    rows = []
    for driver in BUILTIN:
        for channel, decode in decoders(driver).items():
            frames = [f for f in _frames(driver.name, channel, isinstance(driver, SerialDriver)) if _decodes(decode, f)]
            if frames:
                ours = sum(_cost(decode, frame) for frame in frames) / len(frames)
                floor = sum(_cost(struct.Struct(f"<{len(f)}B").unpack, f) for f in frames) / len(frames)
                rows.append(Row(f"decode {driver.name} {channel[4:8]}", ours * 1e6, floor * 1e6, "µs"))
    return rows


def _frames(driver: str, channel: str, serial: bool) -> Iterator[bytes]:
    path = _VECTORS / f"{driver}.json"
    if not path.exists():
        return
    for vector in json.loads(path.read_text(encoding="utf-8"))["vectors"]:
        if serial or vector.get("channel", "").lower() == channel[4:8]:
            with contextlib.suppress(KeyError, ValueError):
                yield bytes.fromhex(vector["hex"])


def _decodes(decode: Decode, frame: bytes) -> bool:
    try:
        return decode(frame) is not None
    except DecodeError:
        return False


def _cost(function: object, frame: bytes) -> float:
    timer = timeit.Timer("f(b)", globals={"f": function, "b": frame})
    count, _seconds = timer.autorange(None)
    return min(timer.repeat(3, max(1, count // 4))) / max(1, count // 4)
