"""Readings that the database would not take, saved beside it when the daemon must end; the next start takes them in."""

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.errors import GatewayError, TransientError
from gateway.keeping import Draft
from gateway.reading import Reading
from gateway.store.database import sync_directory
from gateway.store.sealing import Seal
from gateway.store.undated import columns_of, what_of

FILE = "unkept"
# Sealed for here, not for an epoch: the next start may be in another.
EPOCH = "unkept"


def save(directory: Path, drafts: Sequence[Draft], seal: Seal) -> None:
    """Writes them down, durable on return; TransientError if that cannot be done."""
    lines = [b64encode(seal.shut(_text(draft), FILE, row, "draft")) for row, draft in enumerate(drafts)]
    new = directory / f"{FILE}.new"
    try:
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(b"\n".join(lines))
            file.flush()
            os.fsync(file.fileno())
        new.rename(directory / FILE)
        sync_directory(directory)
    except OSError as error:
        raise TransientError("store-io", f"{new}: {error.strerror}") from error


def load(directory: Path, seal: Seal, epoch: str) -> Iterator[Draft]:
    """What was saved, for this epoch; a line that says nothing is passed over."""
    try:
        lines = (directory / FILE).read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    except OSError as error:
        raise TransientError("store-io", f"{directory / FILE}: {error.strerror}") from error
    for row, line in enumerate(lines):
        try:
            draft = _draft(seal.open(b64decode(line), FILE, row, "draft"), epoch)
        except (GatewayError, KeyError, TypeError, ValueError):
            continue
        yield draft


def sink(directory: Path) -> None:
    """All of it has been taken in."""
    (directory / FILE).unlink(missing_ok=True)


def _text(draft: Draft) -> str:
    what = None if draft.undated is None else columns_of(draft.undated)
    table = {
        "reading": draft.reading.text(),
        "frames": draft.frames,
        "waiting": draft.waiting,
        "cursor": draft.cursor,
        "undated": what,
        "reason": draft.reason,
    }
    return json.dumps(table)


def _draft(text: str, epoch: str) -> Draft:
    table = json.loads(text)
    return Draft(
        reading=Reading.from_text(table["reading"]).changed(epoch=epoch),
        frames=[(channel, data) for channel, data in table["frames"]],
        waiting=table["waiting"],
        cursor=table["cursor"],
        undated=None if table["undated"] is None else what_of(table["undated"]),
        reason=table["reason"],
    )
