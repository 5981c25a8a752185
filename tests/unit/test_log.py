"""Log lines are JSON, and what must not be read is not in them."""

import io
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import structlog

from gateway.log import configure, redact

ADDRESS = "AA:BB:CC:DD:EE:0F"


@pytest.fixture
def out() -> Iterator[io.StringIO]:
    """The log's stream; how libraries log is put back afterwards."""
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield io.StringIO()
    root.handlers, root.level = before
    structlog.reset_defaults()


def lines(out: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_an_event_is_one_line_of_json_with_level_and_time(out: io.StringIO) -> None:
    configure("info", out).info("reading.stored", id="018f", seq=7)
    (line,) = lines(out)
    assert (line["event"], line["id"], line["seq"], line["level"]) == ("reading.stored", "018f", 7, "info")
    assert line["at"].endswith("Z")


def test_the_level_is_a_floor(out: io.StringIO) -> None:
    log = configure("warning", out)
    log.info("quiet")
    log.warning("loud")
    assert [line["event"] for line in lines(out)] == ["loud"]


@pytest.mark.parametrize("field", ["address", "serial", "password", "value", "values", "payload", "hex", "key"])
def test_fields_that_must_not_be_read_are_masked(out: io.StringIO, field: str) -> None:
    configure("info", out).info("x", **{field: "82.40"})
    assert lines(out)[0][field] == "[redacted]"


@pytest.mark.parametrize(
    "text",
    [
        f"lost {ADDRESS}",
        f"lost {ADDRESS.lower()}",
        "/org/bluez/hci0/dev_AA_BB_CC_DD_EE_0F/service0010",
        "dev_AA_BB_CC_DD_EE_0F",
        "aa-bb-cc-dd-ee-0f",
    ],
)
def test_addresses_are_masked_wherever_and_however_they_are_written(out: io.StringIO, text: str) -> None:
    configure("info", out).info("x", detail=text, nested={"parts": [text, 3], "address": "here"})
    line = lines(out)[0]
    assert "[redacted]" in line["detail"]
    assert line["nested"]["address"] == "[redacted]"
    assert "EE" not in out.getvalue().upper().replace("SEEN", "")


def test_what_only_looks_a_little_like_an_address_stays() -> None:
    event = {"event": "x", "detail": "018f6f7e-7e1c-8a52-9d0b-3f1c2a9b7d11 at 07:41:12", "seq": 7}
    assert redact(None, "info", dict(event)) == event


def test_what_libraries_log_comes_out_the_same_way_masked_and_named(out: io.StringIO) -> None:
    configure("info", out)
    logging.getLogger("bleak.backends").warning("no device %s", ADDRESS)
    logging.getLogger("bleak.backends").info("chatter")
    (line,) = lines(out)
    assert line["event"] == "library"
    assert line["library"] == "bleak.backends"
    assert line["text"] == "no device [redacted]"
    assert line["level"] == "warning"


def test_faults_are_told_with_their_trace_masked(out: io.StringIO) -> None:
    log = configure("info", out)
    try:
        raise ValueError(f"bad {ADDRESS}")
    except ValueError:
        log.exception("daemon.failed")
        logging.getLogger("x").exception("failed")
    for line in lines(out):
        assert "ValueError: bad [redacted]" in line["exception"]


def test_by_itself_it_writes_to_standard_error(out: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    configure().info("daemon.started")
    told = capsys.readouterr()
    assert told.out == ""
    assert json.loads(told.err)["event"] == "daemon.started"


@pytest.mark.parametrize("text", ["13717404089", "137174 04089", "kari@skien.kommune.no"])
def test_numbers_and_addresses_of_persons_are_masked_wherever_they_stand(text: str) -> None:
    event = redact(None, "info", {"event": "command.refused", "id": text, "more": {"detail": [f"from {text}."]}})
    assert text not in json.dumps(event)
    assert event["event"] == "command.refused"


def test_the_hub_s_own_names_are_never_masked() -> None:
    fields = {
        "event": "x",
        "id": "018f2c1a-1234-8abc-9def-123456789012",
        "device": "dev-112233445566",
        "boot": "123456789012",
    }
    assert redact(None, "info", dict(fields)) == fields


@pytest.mark.usefixtures("out")
def test_a_line_that_cannot_be_written_harms_nobody() -> None:
    """As where the log is a file on a full disk."""
    with open("/dev/full", "w", encoding="utf-8") as full:
        configure("info", full).info("reading.stored", id="018f", seq=7)
        logging.getLogger("library").warning("full")
        with pytest.raises(OSError, match="No space"):
            full.write("x" * 100_000)
        with suppress(OSError):
            full.close()
