"""`dho-gateway decode`: captured bytes through a driver, for whoever writes one or doubts one."""

import argparse
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial

from drivers.api import PORT, Absent, Act, Bad, Clock, DecodeError, Driver, Facts, Measurement, SerialDriver
from drivers.ble import racp, user_data
from drivers.session import Session, decoders, framers
from drivers.uuids import normal
from gateway import cli
from gateway.errors import ConfigurationError
from gateway.registry import known_drivers

EXAMPLES = """examples:
  dho-gateway decode --driver blood-pressure 1678005000ffffe9070c180a1e003d000000
  dho-gateway decode --driver pulse-oximeter --channel 2A5E 0062004800
  dho-gateway decode --driver glucose 2A18=0b0100... 2A34=1f0100...
  dho-gateway decode --driver and-scale 53542c2b30303038322e3430206b670d0a
  dho-gateway decode --driver and-scale --acts 53542c2b30303038322e3430206b670d0a

One line of JSON for each measurement (null: well-formed, but nothing to tell). Each HEX is one value of a
characteristic, or a stretch of a stream; blanks, colons and dashes inside are ignored. Of a single message the bytes
that end it on the line may be left out. Without a channel the driver's first is meant. Ends with 65 if bytes are
refused, and says at which offset."""

Line = Mapping[str, object] | None

_PRINTABLE = re.compile(rb"[ -~]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Its options."""
    parser.add_argument("--driver", required=True, metavar="NAME", help="a name from `dho-gateway drivers`")
    parser.add_argument("--channel", metavar="UUID", help="characteristic of every HEX that names none")
    parser.add_argument("--acts", action="store_true", help="put frames together to acts, as the daemon would")
    parser.add_argument("--mode", metavar="MODE", help="the driver's mode, with --acts")
    parser.add_argument("--allow", action="append", default=[], metavar="NAME", help="a driver of another package")
    parser.add_argument("--json", action="store_true", help="print JSON (it always does)")
    parser.add_argument("hex", nargs="+", metavar="[UUID=]HEX", help="bytes in hexadecimal")


def run(arguments: argparse.Namespace) -> int:
    """Prints what the bytes say."""
    try:
        driver = known_drivers(arguments.allow)[arguments.driver]
        frames = [_frame(driver, word, arguments.channel) for word in arguments.hex]
        modes = [arguments.mode] if arguments.mode else list(driver.modes)[:1]
        lines = _acts(Session(driver, modes[0]), frames) if arguments.acts else _single(driver, frames)
        refused = False
        for line in lines:
            refused = refused or _is_refusal(line)
            print(json.dumps(line, ensure_ascii=False))
        return cli.DATA if refused else cli.OK
    except KeyError as error:
        return _usage(f"there is no driver or mode {error}; `dho-gateway drivers` lists them")
    except (ValueError, ConfigurationError) as error:
        return _usage(str(error))


def _usage(text: str) -> int:
    print(json.dumps({"error": {"reason": "usage", "message": text}}, ensure_ascii=False))
    return cli.USAGE


def _frame(driver: Driver, word: str, channel: str | None) -> tuple[str, bytes]:
    name, separator, digits = word.rpartition("=")
    data = _bytes(digits)
    named = name if separator else channel
    if named is None:
        return next(iter(decoders(driver))), data
    return _channel(driver, named), data


def _channel(driver: Driver, named: str) -> str:
    """The channel's own name: the port, a characteristic, or an advertisement, which may be named by its UUID alone."""
    if named == PORT:
        return PORT
    uuid = normal(named.removeprefix("adv:"))
    advert = f"adv:{uuid}"
    return advert if named.startswith("adv:") or advert in decoders(driver) else uuid


def _bytes(digits: str) -> bytes:
    try:
        return bytes.fromhex(digits.replace(":", "").replace("-", "").removeprefix("0x"))
    except ValueError as error:
        raise ValueError(f"{digits!r} is not hexadecimal: two digits of 0-9, a-f for each byte") from error


def _single(driver: Driver, frames: list[tuple[str, bytes]]) -> Iterator[Line]:
    streams = framers(driver)
    pieces = Counter(channel for channel, _ in frames)
    last = {channel: place for place, (channel, _) in enumerate(frames)}
    for place, (channel, data) in enumerate(frames):
        if channel not in streams:
            yield _value(driver, channel, data)
        elif pieces[channel] == 1:
            yield from _alone(driver, channel, data)
        else:
            messages = streams[channel].feed(data)
            yield from _stream(driver, channel, messages or ([_incomplete(data)] if place == last[channel] else []))


def _incomplete(data: bytes) -> DecodeError:
    return DecodeError("incomplete", len(data), "no whole message in these bytes")


def _alone(driver: Driver, channel: str, data: bytes) -> list[Line]:
    """A stretch with nothing before or behind it: what marks the ends of a message may not be in a capture."""
    marked = [data + b"\r\n", b"\x02" + data + b"\x03"] if _PRINTABLE.fullmatch(data) else []
    heard = [list(_stream(driver, channel, framers(driver)[channel].feed(bytes_))) for bytes_ in (data, *marked)]
    said = next((lines for lines in heard if any(not _is_refusal(line) for line in lines)), None)
    if said is not None:
        return said
    (message,) = _stream(driver, channel, [data])
    if not _is_refusal(message) or any(_reason(line) == "noise" for line in heard[0]):
        return [message]
    return heard[0] or [_error(driver, channel, _incomplete(data))]


def _is_refusal(line: Line) -> bool:
    return "error" in (line or {})


def _reason(line: Line) -> object:
    error = (line or {}).get("error")
    return error["reason"] if isinstance(error, Mapping) else None


def _stream(driver: Driver, channel: str, messages: Sequence[bytes | DecodeError]) -> Iterator[Line]:
    """The messages of a stretch of a stream."""
    for message in messages:
        try:
            if isinstance(message, DecodeError):
                raise message
            yield _measurement(driver, channel, decoders(driver)[channel](message))
        except DecodeError as error:
            yield _error(driver, channel, error)


def _value(driver: Driver, channel: str, data: bytes) -> Line:
    """One value of a characteristic: a measurement, or what the device tells of itself."""
    try:
        decode, tell = decoders(driver).get(channel), _tellers(driver).get(channel)
        if decode is not None:
            return _measurement(driver, channel, decode(data))
        if tell is not None:
            return {"driver": driver.name, "channel": channel, "facts": _plain(tell(data))}
        raise ValueError(f"driver {driver.name} has no channel {channel}")
    except DecodeError as error:
        return _error(driver, channel, error)


def _tellers(driver: Driver) -> dict[str, Callable[[bytes], Facts]]:
    """What decodes what a device tells of itself, by channel: facts, its clock, the answers of its control points."""
    if isinstance(driver, SerialDriver):
        return {}
    tellers: dict[str, Callable[[bytes], Facts]] = {normal(i.uuid): i.decode for i in driver.info}
    tellers |= {normal(clock.uuid): partial(_clock, clock) for clock in driver.clocks}
    controls = {normal(c.uuid) for c in driver.characteristics if c.control}
    tellers |= {uuid: tell for uuid, tell in _ANSWERS.items() if uuid in controls}
    if user_data.USER_CONTROL_POINT in controls:
        tellers |= _USER_DATA
    return tellers


def _clock(clock: Clock, data: bytes) -> Facts:
    time = clock.decode(data)
    return {"time": time and time.isoformat()}


def _answer(decode: Callable[[bytes], racp.Answer | user_data.Answer], data: bytes) -> Facts:
    fields = asdict(decode(data))
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in fields.items()}


_ANSWERS: Mapping[str, Callable[[bytes], Facts]] = {
    racp.RACP: partial(_answer, racp.answer),
    user_data.USER_CONTROL_POINT: partial(_answer, user_data.answer),
}
_USER_DATA: Mapping[str, Callable[[bytes], Facts]] = {
    user_data.BIRTH_DATE: lambda data: {"date": user_data.birth_date(data)},
    user_data.INCREMENT: lambda data: {"increment": user_data.increment(data)},
}


def _acts(session: Session, frames: list[tuple[str, bytes]]) -> Iterator[Line]:
    outcomes: list[Act | Bad] = []
    for second, (channel, data) in enumerate(frames):
        outcomes += session.feed(channel, data, float(second))
    outcomes += session.tick(len(frames) + 60.0)
    outcomes += session.end(len(frames) + 60.0)
    for outcome in outcomes:
        if isinstance(outcome, Bad):
            yield _error(session.driver, outcome.frame.channel, outcome.error)
        else:
            yield _measurement(session.driver, outcome.frames[0].channel, outcome.measurement)


def _error(driver: Driver, channel: str, error: DecodeError) -> Line:
    fault = {"reason": error.reason, "offset": error.offset, "message": error.message}
    return {"driver": driver.name, "channel": channel, "error": fault}


def _measurement(driver: Driver, channel: str, measurement: Measurement | None) -> Line:
    if measurement is None:
        return None
    values = []
    for sample in measurement.samples:
        absent = isinstance(sample.value, Absent)
        value: dict[str, object] = {"type": sample.quantity.type, "mdc": sample.quantity.mdc}
        value |= {"value": None if absent else format(sample.value, "f"), "unit": sample.quantity.unit}
        values.append(value | ({"absent": str(sample.value)} if absent else {}))
    return {
        "driver": driver.name,
        "channel": channel,
        "kind": measurement.kind,
        "values": values,
        "device_time": measurement.device_time.isoformat() if measurement.device_time else None,
        "time_fault": measurement.time_fault,
        "record": measurement.record,
        "user": measurement.user,
        "stored": measurement.stored,
        "status": measurement.status,
        "flags": list(measurement.flags),
        "failed": measurement.failed,
        "detail": _plain(measurement.detail),
    }


def _plain(facts: Facts) -> dict[str, object]:
    """Facts in JSON's own types; a Decimal keeps its decimals as text."""
    plain: dict[str, object] = json.loads(json.dumps(dict(facts), default=str))
    return plain
