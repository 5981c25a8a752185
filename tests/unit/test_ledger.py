"""The ledger: what the hub says it gave, so that a receiver can name what it lacks."""

import hashlib

from gateway.ledger import digest, ledger
from gateway.receiver.ledger import Ledger, judge


def test_the_digest_is_over_lines_of_place_and_id_or_void() -> None:
    """Contract, section 5, written out by hand."""
    text = "7 018f0000-0000-8000-8000-000000000007\n8 void\n9 018f0000-0000-8000-8000-000000000009"
    lines = [(7, "018f0000-0000-8000-8000-000000000007"), (8, None), (9, "018f0000-0000-8000-8000-000000000009")]
    assert digest(lines) == (3, hashlib.sha256(text.encode()).hexdigest())
    assert ledger("hub-0042", "e-1", 7, 9, lines) == {
        "schema": "dho.ledger/1",
        "hub": "hub-0042",
        "epoch": "e-1",
        "from": 7,
        "to": 9,
        "count": 3,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }


def test_a_receiver_that_holds_the_same_agrees_and_any_difference_is_seen() -> None:
    lines = [(seq, f"018f0000-0000-8000-8000-00000000000{seq}") for seq in range(1, 6)]
    told = ledger("hub-0042", "e-1", 1, 5, lines)
    mine = Ledger("e-1", 1, 5, 5, str(told["sha256"]))
    assert judge(mine, (), lines).result == "match"
    for other in (lines[:-1], [*lines[:2], (3, None), *lines[3:]], [(seq + 1, name) for seq, name in lines]):
        assert judge(mine, (), other).result == "mismatch"
