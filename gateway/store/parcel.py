"""A reading as it lies in a table: its message and the raw frames it came from, packed and sealed as one text.

One seal, not two: packing and sealing is most of what a reading costs. A message has no line break, so the first one
ends it. In rows of databases that were made before there were parcels, the column `frames` holds the frames.
"""

from gateway.store.sealing import Row, Seal

NO_FRAMES = "[]"
# What the column `frames` holds beside a parcel.
TOGETHER = b""


def shut(seal: Seal, table: str, row: Row, message: str, frames: str) -> bytes:
    """The column `payload`; `frames` are JSON text."""
    return seal.shut(f"{message}\n{frames}", table, row, "payload")


def opened(seal: Seal, table: str, row: Row, payload: object, frames: object) -> tuple[str, str]:
    """Message and frames (both JSON text); RefusedError (store-damaged) if they were not sealed for this place."""
    message, _, together = seal.open(payload, table, row, "payload").partition("\n")
    return message, together if frames == TOGETHER else seal.open(frames, table, row, "frames")


def message(seal: Seal, table: str, row: Row, payload: object) -> str:
    """The message alone; RefusedError (store-damaged) as above."""
    return seal.open(payload, table, row, "payload").partition("\n")[0]
