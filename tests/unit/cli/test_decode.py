"""`decode`: captured bytes through a driver, said as JSON, or refused with the place."""

import json
from typing import Any

import pytest

from gateway import cli

PRESSURE = "1678005000ffffe9070c180a1e003d000000"
SCALE = b"ST,+00082.40 kg\r\n".hex()


@pytest.fixture
def decode(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> tuple[int, list[Any]]:
        code = cli.main(["decode", *words])
        return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_value_of_a_characteristic_is_said_with_its_numbers_as_told(decode: Any) -> None:
    code, (line,) = decode("--driver", "blood-pressure", PRESSURE)
    assert code == cli.OK
    assert (line["driver"], line["kind"]) == ("blood-pressure", "blood-pressure")
    values = {value["type"]: value for value in line["values"]}
    assert (values["systolic"]["value"], values["systolic"]["unit"]) == ("120", "mm[Hg]")
    assert values["systolic"]["mdc"] == 150021
    assert line["device_time"] == "2025-12-24T10:30:00"


@pytest.mark.parametrize(
    "word",
    [PRESSURE.upper(), "0x" + PRESSURE, ":".join(PRESSURE[i : i + 2] for i in range(0, 36, 2)), "2A35=" + PRESSURE],
)
def test_bytes_may_be_written_as_they_are_found(decode: Any, word: str) -> None:
    code, (line,) = decode("--driver", "blood-pressure", word)
    assert code == cli.OK
    assert line["values"][0]["value"] == "120"


def test_an_absent_value_says_why(decode: Any) -> None:
    code, (line,) = decode("--driver", "pulse-oximeter", "--channel", "2A5E", "00ff076200")
    assert code == cli.OK
    assert line["values"][0]["value"] is None
    assert line["values"][0]["absent"] == "not-a-number"


def test_bytes_that_are_refused_end_with_65_and_their_place(decode: Any) -> None:
    code, lines = decode("--driver", "blood-pressure", PRESSURE, "1678")
    assert code == cli.DATA
    assert lines[0]["values"]
    assert set(lines[1]["error"]) == {"reason", "offset", "message"}
    assert isinstance(lines[1]["error"]["offset"], int)


def test_what_the_device_tells_of_itself_is_said_as_facts(decode: Any) -> None:
    code, (line,) = decode("--driver", "blood-pressure", "2A24=" + b"UA-651BLE".hex())
    assert code == cli.OK
    assert line["facts"] == {"model": "UA-651BLE"}


@pytest.mark.parametrize(
    ("driver", "word", "facts"),
    [
        ("glucose", "2A52=06000106", {"opcode": 6, "operator": 0, "request": 1, "code": 6, "count": None}),
        ("weight-scale", "2A9F=20010103", {"opcode": 32, "request": 1, "response": 1, "parameter": "03"}),
        ("weight-scale", "2A85=bf070808", {"date": "1983-08-08"}),
        ("weight-scale", "2A99=06000000", {"increment": 6}),
        ("weight-scale", "2A2B=ea07050c12352b028001", {"time": "2026-05-12T18:53:43.500000"}),
        ("and-ua651ble", "2A08=00000000121a20", {"time": None}),
    ],
)
def test_answers_of_control_points_and_clocks_are_facts_too(decode: Any, driver: str, word: str, facts: object) -> None:
    code, (line,) = decode("--driver", driver, word)
    assert (code, line["facts"]) == (cli.OK, facts)


def test_facts_that_cannot_be_read_are_refused_like_values(decode: Any) -> None:
    code, (line,) = decode("--driver", "blood-pressure", "2A19=")
    assert code == cli.DATA
    assert line["error"]["reason"]


def test_every_message_of_a_serial_stream_is_said(decode: Any) -> None:
    code, lines = decode("--driver", "and-scale", SCALE + b"US,+00082.4 kg\r\n".hex() + SCALE)
    assert code in (cli.OK, cli.DATA)
    assert [line["values"][0]["value"] for line in lines if line and "values" in line] == ["82.40", "82.40"]


def test_a_message_may_be_cut_into_several_stretches_and_half_of_one_is_left_over(decode: Any) -> None:
    code, (line,) = decode("--driver", "and-scale", SCALE[:10], SCALE[10:])
    assert (code, line["values"][0]["value"]) == (cli.OK, "82.40")
    code, lines = decode("--driver", "and-scale", SCALE, SCALE[:10])
    assert (code, lines[-1]["error"]["reason"]) == (cli.DATA, "incomplete")


def test_half_a_message_is_refused_as_incomplete_and_garbage_as_what_it_is(decode: Any) -> None:
    code, (line,) = decode("--driver", "and-scale", b"ST,+000".hex())
    assert (code, line["error"]["reason"]) == (cli.DATA, "incomplete")
    code, (line,) = decode("--driver", "and-scale", b"garbage\r\n".hex())
    assert (code, line["channel"]) == (cli.DATA, "port")


@pytest.mark.parametrize(
    ("driver", "data", "systolic_or_weight"),
    [
        ("and-scale", b"ST,+00082.40 kg", ["82.40"]),
        ("visomat-serial", b"M1001M20115110321300134097083", ["134"]),
        ("visomat-serial", b"M1021511032130013409708315110321310135096082M2001", ["134", "135"]),
        ("beurer-bm65", bytes.fromhex("ac673946030e072d1a"), ["128"]),
    ],
)
def test_of_one_message_the_marks_of_its_ends_may_be_missing(
    decode: Any, driver: str, data: bytes, systolic_or_weight: list[str]
) -> None:
    code, lines = decode("--driver", driver, data.hex())
    assert (code, [line["values"][0]["value"] for line in lines]) == (cli.OK, systolic_or_weight)


def test_bytes_that_are_no_message_are_refused_with_the_reason_and_place_of_the_first_fault(decode: Any) -> None:
    """Not merely as noise: two frames of Nonin's format 2, the second with a wrong check sum."""
    code, (line,) = decode("--driver", "nonin-serial", "018101008301800148cb")
    assert (code, line["error"]["reason"], line["error"]["offset"]) == (cli.DATA, "checksum", 5)


def test_a_cut_message_does_not_pass_for_a_whole_one(decode: Any) -> None:
    for driver, data in (("cms50d-serial", "83400548"), ("st-gs-scale", b"ST,GS,+0012.34k".hex())):
        code, (line,) = decode("--driver", driver, data)
        assert (code, "values" in line) == (cli.DATA, False)


def test_a_message_with_nothing_to_tell_is_null(decode: Any) -> None:
    assert decode("--driver", "and-scale", b"US,+00082.40 kg\r\n".hex()) == (cli.OK, [None])


def test_acts_are_put_together_as_the_daemon_does_it(decode: Any) -> None:
    code, lines = decode("--driver", "and-scale", "--acts", SCALE, SCALE)
    assert (code, len(lines)) == (cli.OK, 1)
    code, lines = decode("--driver", "and-scale", "--acts", "--mode", "stream", *[SCALE] * 6)
    assert (code, len(lines)) == (cli.OK, 1)
    code, lines = decode("--driver", "blood-pressure", "--acts", PRESSURE, "1678")
    assert (code, len(lines)) == (cli.DATA, 2)


@pytest.mark.parametrize(
    "words",
    [
        ["--driver", "no-such", "00"],
        ["--driver", "and-scale", "--acts", "--mode", "no-such", "00"],
        ["--driver", "blood-pressure", "zz"],
        ["--driver", "blood-pressure", "--channel", "no-uuid", "00"],
        ["--driver", "blood-pressure", "--channel", "2A00", "00"],
        ["--driver", "and-scale", "--channel", "2A35", "00"],
        ["--driver", "blood-pressure", "--allow", "not-installed", "00"],
    ],
)
def test_wrong_use_is_said_in_json_too_and_ends_with_64(decode: Any, words: list[str]) -> None:
    code, (line,) = decode(*words)
    assert code == cli.USAGE
    assert line["error"]["reason"] == "usage"
    assert line["error"]["message"]


def test_what_is_no_hexadecimal_is_named(decode: Any) -> None:
    _, (line,) = decode("--driver", "blood-pressure", PRESSURE, "2A35=16zz")
    assert line["error"]["message"].startswith("'16zz' is not hexadecimal")


def test_channels_of_broadcasts_and_of_the_port_are_taken_as_written(decode: Any) -> None:
    code, (line,) = decode("--driver", "and-scale", f"port={SCALE}")
    assert (code, line["channel"]) == (cli.OK, "port")
    for channel in ("181D", "adv:181D", "adv:0000181d-0000-1000-8000-00805f9b34fb"):
        code, (line,) = decode("--driver", "mi-scale", "--channel", channel, "223e30e607020e10293a")
        assert (code, line["values"][0]["value"]) == (cli.OK, "61.750")
    code, (line,) = decode("--driver", "blood-pressure", "adv:2A35=00")
    assert code == cli.USAGE
