"""Omron's cuffs are read and never written to: every byte the hub says is a start, a read or an end."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drivers.api import BleDriver, Done, TalkContext, Value, Write
from drivers.ble.omron_hem import DRIVERS, END, HEARD, MEMORIES, SAID, START, Memory, answer, read_request, record

VECTORS = Path(__file__).parents[2] / "vectors"
COMMANDS = {c["id"]: c["hex"] for c in json.loads((VECTORS / "omron-commands.json").read_text())["commands"]}
FOUR = (
    "40810002e8385142511a9216bb1480005a004fb05041571aac1bdf1580005b0098675242601a"
    "d11ba51d80005c009867805c4f1a291c5a1b80005d00dc2300a4"
)


def reply(request: bytes, data: bytes) -> bytes:
    """What a cuff says to a request."""
    kind = bytes((request[1] | 0x80, request[2]))
    plain = bytes((8 + len(data),)) + kind + request[3:5] + bytes((len(data),)) + data + b"\0"
    check = 0
    for byte in plain:
        check ^= byte
    return plain + bytes((check,))


def said(driver: BleDriver, answered: Callable[[bytes], bytes]) -> list[bytes]:
    """All that the hub writes to a cuff that answers `answered`, which is told the last request, to everything."""
    assert driver.talk is not None
    talk, written = driver.talk(TalkContext(local_time=None)), [b""]
    step = next(talk)
    while True:
        if isinstance(step, Write):
            assert step.channel == SAID
            written.append(step.data)
        try:
            step = talk.send(Done() if isinstance(step, Write) else Value(HEARD, answered(written[-1])))
        except StopIteration:
            return written[1:]


def test_commands_are_the_published_ones() -> None:
    assert COMMANDS["omron-cmd-start"] == START.hex()
    assert COMMANDS["omron-cmd-end"] == END.hex()
    assert COMMANDS["omron-cmd-read-0260-26"] == read_request(0x0260, 0x26).hex()
    assert COMMANDS["omron-cmd-read-02c0-20"] == read_request(0x02C0, 0x20).hex()
    assert COMMANDS["omron-cmd-read-02e8-0e"] == read_request(0x02E8, 0x0E).hex()


PAIRS = list(zip(DRIVERS, MEMORIES, strict=True))


@pytest.mark.parametrize(("driver", "memory"), PAIRS, ids=[m.model for m in MEMORIES])
def test_the_hub_only_ever_starts_reads_and_ends(driver: BleDriver, memory: Memory) -> None:
    written = said(driver, lambda request: reply(request, bytes(memory.size) if request[1] == 1 else b""))
    reads = written[1:-1]
    assert (written[0], written[-1]) == (START, END)
    assert {w[:3] for w in reads} == {b"\x08\x01\x00"}
    assert [int.from_bytes(w[3:5], "big") for w in reads] == memory.addresses()
    assert len(set(reads)) == len(memory.starts) * memory.records


def test_a_cuff_that_babbles_is_asked_three_times_and_let_go_of() -> None:
    assert said(DRIVERS[0], lambda _request: b"\x00") == [START] * 3


def test_a_captured_reply_of_four_records_reads_as_published() -> None:
    told = answer(bytes.fromhex(FOUR))
    assert (told.kind, told.address, len(told.data)) == (0x8100, 0x02E8, 56)
    records = [record(told.data[at : at + 14], 0, True) for at in range(0, 56, 14)]
    assert [r and (r.record, str(r.samples[0].value)) for r in records] == [
        (90, "106"),
        (91, "105"),
        (92, "107"),
        (93, "153"),
    ]


def test_drivers_are_off_unless_allowed() -> None:
    assert {driver.verdict for driver in DRIVERS} == {"opt-in"}
