"""Messages of a hub, as the contract shows them."""

import hashlib
import json
import uuid
from typing import Any

HUB = "hub-0042"
EPOCH = "e-51c0a2"


def reading(seq: int, *, epoch: str = EPOCH, number: int | None = None, value: str = "82.40") -> dict[str, Any]:
    """A weight; `number` names the act (default: one act per place)."""
    return {
        "schema": "dho.reading/1",
        "id": reading_id(seq if number is None else number),
        "hub": HUB,
        "epoch": epoch,
        "seq": seq,
        "boot": "7c9e1f",
        "assignment": "asg-9f2c7b",
        "device": {"ref": "dev-3f9c21", "kind": "weight", "model": "UC-352BLE", "firmware": "1.2"},
        "measured_at": "2026-01-12T07:41:12+01:00",
        "time": {"source": "device", "device_time": "2026-01-12T07:35:02", "offset_s": "370", "uncertainty_s": "2"},
        "received_at": "2026-01-12T07:41:15.204+01:00",
        "origin": "live",
        "acquisition": "automatic",
        "values": [{"type": "body-weight", "mdc": 188736, "value": value, "unit": "kg"}],
        "quality": {"status": "valid", "flags": []},
        "attribution": {"status": "assigned", "method": "sole-user"},
    }


def reading_id(number: int) -> str:
    """The id of an act."""
    return str(uuid.UUID(int=(8 << 76) | (2 << 62) | number))


def wire(document: dict[str, Any]) -> bytes:
    """As bytes."""
    return json.dumps(document).encode()


def void(first: int, last: int, *, epoch: str = EPOCH) -> bytes:
    """Places that will not come."""
    return wire({"schema": "dho.void/1", "hub": HUB, "epoch": epoch, "from": first, "to": last, "reason": "refused"})


def ledger(first: int, last: int, *, voids: tuple[int, ...] = (), epoch: str = EPOCH) -> bytes:
    """The proof for readings made by `reading`, reckoned here a second time and in another way."""
    lines = [f"{seq} {'void' if seq in voids else reading_id(seq)}" for seq in range(first, last + 1)]
    sha = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return wire(
        {"schema": "dho.ledger/1", "epoch": epoch, "from": first, "to": last, "count": len(lines), "sha256": sha}
    )
