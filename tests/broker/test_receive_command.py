"""`dho-gateway receive` as a process: kill -9, signals, exit codes, languages."""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.aio import run, until
from tests.broker.authority import Authority
from tests.broker.harness import Witness
from tests.broker.mosquitto import Broker, free_port, passwords
from tests.unit.receiver.samples import HUB, reading, wire

pytestmark = pytest.mark.broker

ROOT = f"dho/1/skien/{HUB}"


class Command:
    """A running `dho-gateway receive`."""

    def __init__(self, directory: Path) -> None:
        self._out = directory / "out"
        self._started: list[subprocess.Popen[bytes]] = []
        self.database = directory / "received.sqlite"

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        """Starts it; its output is appended to what it said before."""
        with self._out.open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "gateway", "receive", "--database", str(self.database), *words],
                stdout=out,
                stderr=out,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        self._started.append(process)
        return process

    def ends(self, *words: str) -> int:
        """Starts it and waits for its end."""
        return self.start(*words).wait(20)

    @property
    def said(self) -> str:
        """Everything it said."""
        return self._out.read_text(encoding="utf-8") if self._out.exists() else ""

    def events(self, name: str) -> list[dict[str, Any]]:
        """JSON events of one name."""
        told = [json.loads(line) for line in self.said.splitlines() if line.startswith("{") and line.endswith("}")]
        return [event for event in told if event["event"] == name]

    async def connected(self, times: int = 1) -> None:
        """Waits until it has said so this many times."""
        await until(lambda: len(self.events("connected")) >= times)

    def close(self) -> None:
        """Ends what still runs."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
                process.wait()


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    made = Command(tmp_path)
    yield made
    made.close()


def _plain(port: int) -> tuple[str, ...]:
    return ("--host", "127.0.0.1", "--port", str(port), "--insecure-plaintext", "--tenant", "skien")


def _give(client: Witness, *places: int) -> None:
    for place in places:
        client.say(f"{ROOT}/reading/weight", wire(reading(place)))


def test_killed_at_any_moment_it_has_every_reading_once_in_the_end(broker: Broker, command: Command) -> None:
    """Nothing that the broker was told is received is lost; the hub hears one truth."""
    dice = random.Random(20261121)  # noqa: S311
    enough = threading.Event()

    def give(hub: Witness) -> int:
        place = 0
        while not enough.wait(0.002):
            place += 1
            _give(hub, place)
        return place

    async def main() -> int:
        with Witness(broker.port, f"{ROOT}/ack") as hub:
            process = command.start(*_plain(broker.port), "--json")
            await command.connected()
            giving = asyncio.create_task(asyncio.to_thread(give, hub))
            for times in range(1, 5):
                await command.connected(times)
                await asyncio.sleep(dice.random() / 5)
                process.kill()
                process.wait()
                process = command.start(*_plain(broker.port), "--json")
            enough.set()
            given = await giving
            await until(lambda: hub.seen and json.loads(hub.seen[-1][1])["through"] == given, 20)
            await command.connected(5)
            process.send_signal(signal.SIGTERM)
            assert await asyncio.to_thread(process.wait, 10) == 0
            return given

    given = run(main(), 50)
    link = sqlite3.connect(command.database)
    rows = link.execute("SELECT seq, payload FROM readings ORDER BY seq").fetchall()
    link.close()
    assert rows == [(place, wire(reading(place))) for place in range(1, given + 1)]


def test_after_its_time_it_says_in_one_line_what_came_and_ends_with_the_answer(
    broker: Broker, command: Command
) -> None:
    words = (*_plain(broker.port), "--json", "--seconds", "2.5")
    with Witness(broker.port, "nothing") as hub:
        process = command.start(*words)
        run(command.connected())
        _give(hub, 1, 3, 3)
        assert process.wait(20) == 1
    assert command.events("summary") == [
        {
            "event": "summary",
            "received": 2,
            "doubles": 1,
            "voids": 0,
            "amends": 0,
            "refused": 0,
            "conflicts": 0,
            "missing": 1,
            "ledgers": {"match": 0, "mismatch": 0},
            "stored": 2,
        }
    ]
    with Witness(broker.port, "nothing") as hub:
        _give(hub, 2)
    assert command.ends(*words) == 0


def test_people_read_sentences_in_their_language_and_no_values(broker: Broker, command: Command) -> None:
    with Witness(broker.port, "nothing") as hub:
        process = command.start(*_plain(broker.port), "--lang", "nb")
        run(until(lambda: "Lytter" in command.said))
        _give(hub, 1)
        run(until(lambda: "måling 1 (weight) lagret" in command.said))
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert "Mottatt 1" in command.said
    assert "82.40" not in command.said


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
def test_it_receives_over_tls_with_a_password_from_a_file(
    make_broker: Callable[..., Broker], authority: Authority, command: Command, tmp_path: Path, protocol: str
) -> None:
    server = authority.issue("server", host="127.0.0.1")
    users = passwords(tmp_path / "users", receiver="hemmelig")
    broker = make_broker(
        anonymous=False,
        extra=(f"password_file {users}",),
        listener=(f"certfile {server.cert}", f"keyfile {server.key}"),
    )
    for name, content in (("user", "receiver\n"), ("password", "hemmelig\n")):
        (tmp_path / name).write_text(content)
        (tmp_path / name).chmod(0o600)
    words = ["--host", "127.0.0.1", "--port", str(broker.port), "--tenant", "skien", "--ca-file", authority.ca_file]
    words += ["--username-file", str(tmp_path / "user"), "--password-file", str(tmp_path / "password")]
    command.start(*words, "--json", "--protocol", protocol)
    run(command.connected())
    assert "hemmelig" not in command.said


@pytest.mark.parametrize(
    ("words", "code", "reason"),
    [
        ((), 78, "receiver-needs"),
        (("--host", "127.0.0.1"), 78, "receiver-needs"),
        (("--host", "192.0.2.1", "--tenant", "skien", "--insecure-plaintext"), 78, "receiver-plaintext"),
        (("--host", "127.0.0.1", "--tenant", "a/+"), 78, "config-value"),
        (("--host", "127.0.0.1", "--tenant", "skien", "--hub", "#"), 78, "config-value"),
        (
            ("--host", "127.0.0.1", "--tenant", "skien", "--password-file", "/nowhere", "--username-file", "/nowhere"),
            78,
            "secret-file-unreadable",
        ),
        (("--config", "/nowhere.toml"), 78, "config-unreadable"),
        (("--host", "127.0.0.1", "--tenant", "skien", "--database", "/nowhere/r.sqlite"), 73, "receiver-database"),
    ],
)
def test_options_that_do_not_serve_are_named(command: Command, words: tuple[str, ...], code: int, reason: str) -> None:
    assert command.ends(*words, "--json") == code
    assert reason in [event["reason"] for event in command.events("refused")]


def test_a_broker_that_never_answers_is_told_once_and_ends_with_unavailable(command: Command) -> None:
    assert command.ends(*_plain(free_port()), "--json", "--seconds", "2") == 69
    assert [event["reason"] for event in command.events("disconnected")] == ["broker-refused"]


def test_tenant_and_broker_may_come_from_a_gateways_configuration(
    broker: Broker, command: Command, tmp_path: Path
) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(
        f'[hub]\nid = "{HUB}"\ntenant = "skien"\n[store]\npath = "/nowhere"\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\ninsecure_plaintext = true\n'
    )
    command.start("--config", str(config), "--json")
    run(command.connected())
