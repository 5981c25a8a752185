"""A serial port: what comes is told at once, in order, whole; coming and going is told once; stopping is quick."""

import asyncio
import os
import pty
import time
import tty
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
import serial

from drivers.api import (
    PORT,
    Await,
    DecodeError,
    Line,
    Refused,
    Reply,
    SerialDriver,
    Step,
    TalkContext,
    TimedOut,
    Value,
    Write,
)
from drivers.api import Read as ReadStep
from drivers.gather import each
from gateway.env import Env, real_env
from gateway.errors import GatewayError
from gateway.transport import serial_port
from gateway.transport.serial_port import SerialPort, device_path, plugged_in

DEADLINE_S = 10.0


class NoFramer:
    def feed(self, data: bytes) -> list[bytes | DecodeError]:
        return [data]

    def reset(self) -> None: ...


DRIVER = SerialDriver(name="any", kind="weight", framer=NoFramer, decode=lambda _: None, modes={"line": each(5.0)})


class Heard:
    """A contact that notes what it is told."""

    def __init__(self) -> None:
        self.data = b""
        self.news: list[str] = []
        self.at: list[float] = []
        self.clocks: list[datetime | None] = []

    def opened(self) -> None:
        self.news.append("opened")

    def frame(self, channel: str, data: bytes) -> None:
        assert channel == PORT
        self.data += data
        self.at.append(time.perf_counter())

    def facts(self, facts: Mapping[str, object]) -> None: ...

    def clock(self, device_time: datetime | None) -> None:
        self.clocks.append(device_time)

    def closed(self, error: GatewayError | None) -> None:
        self.news.append("closed" if error is None else error.reason)

    def cursor(self) -> int | None:
        return 41


class Plug:
    """A pty that stands for a converter: its path is a link that comes and goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.master = -1

    def insert(self) -> None:
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.path.symlink_to(os.ttyname(slave))
        os.close(slave)

    def pull(self) -> None:
        self.path.unlink()
        os.close(self.master)
        self.master = -1

    def send(self, data: bytes) -> None:
        os.write(self.master, data)


@pytest.fixture
def plug(tmp_path: Path) -> Generator[Plug, None, None]:
    made = Plug(tmp_path / "port")
    yield made
    if made.master >= 0:
        os.close(made.master)


@asynccontextmanager
async def running(port: SerialPort) -> AsyncIterator[None]:
    task = asyncio.create_task(port.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - a deadline around a condition
            await asyncio.sleep(0.002)


def serve(plug: Plug, heard: Heard, driver: SerialDriver = DRIVER, env: Env | None = None) -> SerialPort:
    return SerialPort(str(plug.path), driver, heard, env or real_env())


def test_a_line_that_babbles_is_told_in_larger_pieces_and_whole(plug: Plug) -> None:
    """Each piece is a commit, and each commit wears the card; a line at an instrument's pace is told at once."""

    async def scene() -> tuple[Heard, int, int]:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            for number in range(10):
                plug.send(b"%04d" % number)
                await until(lambda n=number: len(heard.data) == 4 * n + 4)  # type: ignore[misc]
                await asyncio.sleep(0.01)
            calm = len(heard.at)
            for number in range(10, 410):
                plug.send(b"%04d" % number)
                await asyncio.sleep(0.001)
            await until(lambda: len(heard.data) == 4 * 410)
            return heard, calm, len(heard.at) - calm

    heard, calm, dense = asyncio.run(scene())
    assert heard.data == b"".join(b"%04d" % number for number in range(410))
    assert calm == 10
    assert dense < 150


def test_a_fault_that_follows_what_came_is_told_after_it(plug: Plug) -> None:
    async def scene() -> Heard:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            for number in range(60):
                plug.send(b"%04d" % number)
                await asyncio.sleep(0.001)
            plug.send(b"last")
            await until(lambda: len(heard.data) > 160)
            await asyncio.sleep(0.05)
            plug.pull()
            await until(lambda: len(heard.news) == 2)
            return heard

    heard = asyncio.run(scene())
    assert heard.data.endswith(b"last")
    assert heard.news[1] == "serial-unplugged"


def test_bytes_arrive_whole_and_in_order(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            sent = b"".join(b"ST,+%08.2f kg\r\n" % (i / 100) for i in range(3000))
            await asyncio.to_thread(plug.send, sent)
            await until(lambda: len(heard.data) >= len(sent))
            assert heard.data == sent

    asyncio.run(scene())


def test_every_byte_value_passes_unchanged(plug: Plug) -> None:
    """No flow control, no line discipline: XON, XOFF, CR, NUL and 0xFF are data."""

    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            plug.send(bytes(range(256)) * 2)
            await until(lambda: len(heard.data) >= 512)
            assert heard.data == bytes(range(256)) * 2

    asyncio.run(scene())


def test_a_byte_is_told_within_milliseconds(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        waits = []
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            for count in range(1, 101):
                sent = time.perf_counter()
                plug.send(b"x")
                while len(heard.data) < count:  # noqa: ASYNC110
                    await asyncio.sleep(0)
                waits.append(heard.at[-1] - sent)
        assert sorted(waits)[50] < 0.002

    asyncio.run(scene())


def test_a_thousand_lines_a_second_lose_nothing(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            sent = b""
            start = time.perf_counter()
            for i in range(2000):
                line = b"ST,+%08.2f kg\r\n" % (i / 100)
                plug.send(line)
                sent += line
                await asyncio.sleep(max(0.0, start + i / 1000 - time.perf_counter()))
            await until(lambda: len(heard.data) >= len(sent))
            assert heard.data == sent

    asyncio.run(scene())


def test_a_lost_port_is_told_once_and_found_again_within_three_seconds(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            plug.send(b"ST,+0008")
            await until(lambda: heard.data == b"ST,+0008")
            plug.pull()
            await until(lambda: len(heard.news) == 2)
            await asyncio.sleep(2 * serial_port.POLL_S + 0.2)
            assert heard.news == ["opened", "serial-unplugged"]
            plug.insert()
            back = time.perf_counter()
            await until(lambda: len(heard.news) == 3)
            assert time.perf_counter() - back < 3.0
            plug.send(b"again")
            await until(lambda: heard.data.endswith(b"again"))
            assert heard.news == ["opened", "serial-unplugged", "opened"]

    asyncio.run(scene())


def test_a_dead_port_whose_path_is_gone_is_noticed(plug: Plug) -> None:
    """Some drivers keep the open file alive, and silent, after the converter has left."""

    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            plug.path.unlink()
            await until(lambda: heard.news == ["opened", "serial-unplugged"])

    asyncio.run(scene())


def test_a_port_that_is_not_there_yet_is_told_once_and_waited_for(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["serial-port-missing"])
            plug.insert()
            await until(lambda: heard.news == ["serial-port-missing", "opened"])

    asyncio.run(scene())


def test_a_port_in_use_is_told_as_busy(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        with serial.Serial(str(plug.path), exclusive=True):
            async with running(serve(plug, heard)):
                await until(lambda: heard.news == ["serial-port-busy"])
        async with running(serve(plug, heard)):
            await until(lambda: heard.news[-1] == "opened")

    asyncio.run(scene())


def test_what_is_not_a_port_is_told_and_does_not_stop_the_daemon(tmp_path: Path) -> None:
    async def scene() -> None:
        plain = tmp_path / "plain"
        plain.write_bytes(b"")
        heard = Heard()
        async with running(SerialPort(str(plain), DRIVER, heard, real_env())):
            await until(lambda: heard.news == ["serial-io"])

    asyncio.run(scene())


def test_stopping_is_quick_and_delivers_what_was_read(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        task = asyncio.create_task(serve(plug, heard).run())
        await until(lambda: heard.news == ["opened"])
        plug.send(b"last")
        time.sleep(0.1)  # noqa: ASYNC251 - the thread reads, the loop is held up
        task.cancel()
        begun = time.perf_counter()
        with suppress(asyncio.CancelledError):
            await task
        assert time.perf_counter() - begun < 1.0
        assert heard.data == b"last"
        assert heard.news == ["opened", "closed"]

    asyncio.run(scene())


def test_a_stalled_loop_bounds_what_is_held_and_loses_nothing(plug: Plug) -> None:
    async def scene() -> None:
        heard = Heard()
        plug.insert()
        async with running(serve(plug, heard)):
            await until(lambda: heard.news == ["opened"])
            os.set_blocking(plug.master, False)
            stream, sent, stalled_until = b"0123456789" * 100_000, 0, time.perf_counter() + 1.0
            while time.perf_counter() < stalled_until:  # the loop does not run meanwhile
                with suppress(BlockingIOError):
                    sent += os.write(plug.master, stream[sent : sent + 1000])
            assert sent < 64 * 4096 + 65536 + 4096
            await until(lambda: len(heard.data) >= sent)
            assert heard.data == stream[:sent]

    asyncio.run(scene())


def test_a_fault_in_the_contact_is_not_hidden(plug: Plug) -> None:
    class Broken(Heard):
        def frame(self, channel: str, data: bytes) -> None:
            raise ValueError("broken")

    async def scene() -> None:
        heard = Broken()
        plug.insert()
        task = asyncio.create_task(serve(plug, heard).run())
        await until(lambda: heard.news == ["opened"])
        plug.send(b"x")
        with pytest.raises(ValueError, match="broken"):
            await task

    asyncio.run(scene())


def test_the_conversation_is_played_at_each_opening(plug: Plug) -> None:
    answers: list[Reply] = []

    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        assert (context.cursor, context.options) == (41, {"format": 8})
        answers.append((yield Write(PORT, b"ask")))
        answers.append((yield Await(DEADLINE_S)))
        answers.append((yield Await(0.01)))
        answers.append((yield ReadStep(PORT)))
        answers.append((yield Write("elsewhere", b"ask")))

    async def scene() -> None:
        heard = Heard()
        plug.insert()
        port = SerialPort(str(plug.path), replace(DRIVER, talk=talk), heard, real_env(), options={"format": 8})
        async with running(port):
            await until(lambda: heard.news == ["opened"])
            assert await asyncio.to_thread(os.read, plug.master, 10) == b"ask"
            plug.send(b"!")
            await until(lambda: len(answers) == 5)
            assert answers[1:] == [Value(PORT, b"!"), TimedOut(), Refused(), Refused()]
            assert heard.data == b"!"
            plug.send(b"on")
            await until(lambda: heard.data == b"!on")
            plug.pull()
            await until(lambda: len(heard.news) == 2)
            plug.insert()
            await until(lambda: len(heard.news) == 3)
            assert await asyncio.to_thread(os.read, plug.master, 10) == b"ask"

    asyncio.run(scene())


def test_a_conversation_keeps_only_the_newest_bytes_it_did_not_ask_for() -> None:
    async def scene() -> None:
        reader = serial_port._Reader("/nowhere", Line(), asyncio.get_running_loop())
        link = serial_port._Link(reader)
        for i in range(300):
            link.feed(bytes([i % 256]))
        got = [await link.next_value(DEADLINE_S) for _ in range(64)]
        assert got == [Value(PORT, bytes([i % 256])) for i in range(236, 300)]
        assert await link.next_value(0.01) == TimedOut()
        await reader.close()

    asyncio.run(scene())


def test_a_write_that_fails_ends_the_opening(plug: Plug) -> None:
    def talk(context: TalkContext) -> Generator[Step, Reply, None]:
        while True:
            yield Write(PORT, b"0123456789" * 100)

    async def scene() -> None:
        heard = Heard()
        plug.insert()  # nobody reads the other end: it fills up
        async with running(serve(plug, heard, replace(DRIVER, talk=talk))):
            await until(lambda: heard.news[:2] == ["opened", "serial-io"])

    asyncio.run(scene())


def test_the_line_settings_are_the_drivers_unless_overridden(plug: Plug, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[serial.Serial] = []
    real = serial.Serial

    def spy() -> serial.Serial:
        made.append(real())
        return made[-1]

    monkeypatch.setattr(serial, "Serial", spy)

    async def scene(line: Line | None) -> serial.Serial:
        heard = Heard()
        async with running(SerialPort(str(plug.path), DRIVER, heard, real_env(), line=line)):
            await until(lambda: heard.news[-1:] == ["opened"])
            got = made[-1]
            assert (got.xonxoff, got.rtscts, got.dsrdtr, got.exclusive) == (False, False, False, True)
        return got

    plug.insert()
    assert asyncio.run(scene(None)).baudrate == 9600
    other = asyncio.run(scene(Line(2400, 7, "E", 2)))
    assert (other.baudrate, other.bytesize, other.parity, other.stopbits) == (2400, 7, "E", 2)


def test_a_pty_is_opened_again_whatever_line_settings_are_asked_of_it(plug: Plug) -> None:
    """It knows neither seven bits nor parity; a daemon that was killed must find it again all the same."""

    async def scene() -> None:
        for _opening in range(3):
            heard = Heard()
            async with running(SerialPort(str(plug.path), DRIVER, heard, real_env(), line=Line(2400, 7, "E", 1))):
                await until(lambda heard=heard: heard.news != [])  # type: ignore[misc]
                plug.send(b"\xff")
                await until(lambda heard=heard: heard.data == b"\xff")  # type: ignore[misc]
            assert heard.news == ["opened", "closed"]

    plug.insert()
    held_open = os.open(plug.path, os.O_RDWR | os.O_NOCTTY)
    asyncio.run(scene())
    os.close(held_open)


def test_a_usb_socket_is_looked_up_by_its_location(monkeypatch: pytest.MonkeyPatch) -> None:
    class Listed:
        device, vid, pid, location, manufacturer, product = "/dev/ttyUSB3", 0x0403, 0x6001, "1-1.4", "FTDI", "UART"
        serial_number = "AB0KNUJC"

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [Listed])
    assert device_path("usb:1-1.4") == "/dev/ttyUSB3"
    assert device_path("/dev/serial/by-id/x") == "/dev/serial/by-id/x"
    assert [(p.vid, p.numbered) for p in plugged_in()] == [(0x0403, True)]
    with pytest.raises(GatewayError, match="serial-port-missing"):
        device_path("usb:1-1.5")
