"""The hub in the guest: the daemon as systemd runs it, a broker, a receiver, and everything they say."""

import contextlib
import json
import re
import shlex
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.vm.guest import Command, Guest, GuestError, until
from tests.vm.home import Home
from tests.vm.image import HERE, PROJECT, disk_of

ROOT = "dho/1/skien/hub-0042"
_CONFIG = """
[hub]
id = "hub-0042"
tenant = "skien"

[store]
path = "/var/lib/dho-gateway"

[mqtt]
host = "127.0.0.1"
port = 1883
insecure_plaintext = true
username_file = "credential:mqtt-username"
password_file = "credential:mqtt-password"
keepalive_s = 5
"""
_DEVICE = """
[[device]]
name = "{name}"
driver = "{driver}"
transport = "ble"
address = "{address}"
"""
_RECEIVED = """
import json, sqlite3
link = sqlite3.connect("file:/var/lib/receiver/received.sqlite?mode=ro", uri=True)
for (payload,) in link.execute("SELECT payload FROM readings ORDER BY received_at, seq"):
    print(json.dumps(json.loads(payload)))
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """A document as it came by (empty: what was retained is cleared), and when, by the host's monotonic clock."""

    at: float
    topic: str
    document: dict[str, Any]


def payload(wheel: Path, directory: Path) -> Path:
    """The disk with what a run brings: the wheel, the tests, and the scripts of `payload/`."""
    content = directory / "payload"
    shutil.copytree(HERE / "payload", content)
    shutil.copy(wheel, content)
    shutil.copytree(PROJECT / "tests", content / "tests", ignore=shutil.ignore_patterns("__pycache__", "vm"))
    disk = directory / "payload.disk"
    disk_of(content, disk, "payload", 64)
    shutil.rmtree(content)
    return disk


class Hub:
    """Installed once; started, stopped, killed and cut off as a test likes. `events` outlive the guest's boots."""

    def __init__(self, guest: Guest, home: Home) -> None:
        self.guest, self.home = guest, home
        self._journals: list[Command] = []
        self._listeners: list[tuple[Command, list[Heard]]] = []

    # --- power and adapter --------------------------------------------------------------------------------------------

    def power_on(self) -> float:
        """Boots with the adapter plugged in; how many seconds it took until commands are taken."""
        seconds = self.guest.start(plugged=lambda: self.home.plug_in(self.guest.hci))
        self._journals.append(self.guest.begin("journalctl -u dho-gateway -o cat -n all -f"))
        return seconds

    def power_cut(self) -> None:
        """Everything is dark at once."""
        self.guest.cut()
        self.home.unplug()

    def shut_down(self) -> None:
        """In order."""
        self.guest.shut_down()
        self.home.unplug()

    def unplug(self) -> None:
        """The adapter is pulled out."""
        self.guest.run("systemctl stop hci")
        self.home.unplug()

    def plug_in(self) -> None:
        """The adapter is put back."""
        self.home.plug_in(self.guest.hci)
        self.guest.run("systemctl start hci")
        self.ensure_adapter()

    def ensure_adapter(self) -> None:
        """The kernel has set the adapter up; on a busy host the virtual line may lose a byte of that, once."""

        def known() -> bool:
            return bool(re.search("ACL MTU: [1-9]", self.guest.run("hciconfig hci0", check=False)))

        for _ in range(3):
            with contextlib.suppress(GuestError):
                until(known, 20, "an adapter that is set up")
                return
            self.unplug()
            self.home.plug_in(self.guest.hci)
            self.guest.run("systemctl start hci")
        until(known, 20, "an adapter that is set up")

    # --- the daemon ---------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """As the page for operators says."""
        self.guest.run("systemctl start payload.mount && sh /payload/install", 240)

    def configure(self, devices: list[tuple[str, str, str]], more: str = "") -> None:
        """Devices by name, driver and address, and more of the file. Takes effect at the next start."""
        text = _CONFIG + "".join(_DEVICE.format(name=n, driver=d, address=a) for n, d, a in devices)
        self.write("/etc/dho-gateway/gateway.toml", text + more)

    def write(self, path: str, text: str) -> None:
        """A file in the guest, as root; keeps owner and mode of one that is there."""
        self.guest.run(f"mkdir -p $(dirname {path}) && cat >{path} <<'END'\n{text}\nEND")

    def systemctl(self, words: str, within: float = 60.0) -> str:
        """A command to systemd about the daemon's unit."""
        return self.guest.run(f"systemctl {words} dho-gateway", within)

    def setting(self, name: str) -> str:
        """What systemd says of the daemon's unit."""
        return self.guest.run(f"systemctl show dho-gateway --value -p {name}").strip()

    @property
    def pid(self) -> int:
        """The daemon's process; 0 when there is none."""
        return int(self.setting("MainPID"))

    def restart(self) -> None:
        """The daemon anew; returns when it has begun."""
        starts = len(self.named("daemon.started"))
        self.systemctl("restart", 120)
        self.wait_for("daemon.started", starts + 1)

    def ensure_running(self) -> None:
        """The daemon runs, and its radio is ready."""
        if self.setting("ActiveState") != "active":
            self.systemctl("start", 120)
        until(lambda: self.radio == "ready", 60, "a radio that is ready")

    def pair(
        self,
        name: str,
        measure: Callable[[], None],
        more: str = "",
        *,
        act: str = "pair",
        confined: bool = False,
        broken_off: Callable[[], None] | None = None,
    ) -> None:
        """As an installer does it: the daemon stopped, one measurement, sleep, another.

        `act` may be `repair`. `confined`: with the rights that the daemon's unit has, and no others. `broken_off`: what
        is done when it is said that the device has hung up while it was paired.
        """
        self.systemctl("stop")
        words = f"device {act} {name} --config /etc/dho-gateway/gateway.toml --json {more}"
        runner = _confined() if confined else ""
        command = self.guest.begin(f"{runner} /opt/dho-gateway/bin/dho-gateway {words}")

        def wait_for(word: str | None, what: str) -> None:
            """Until it has said a word, or (None) has ended."""
            try:
                until(lambda: command.ended.is_set() or any(word in line for line in command.lines if word), 90, what)
            except GuestError as error:
                raise GuestError(f"{error}: {command.lines}") from None

        measure()
        if broken_off is not None:
            wait_for("hung up while", "a pairing that is broken off")
            broken_off()
        wait_for("measure once more", "the first contact")
        measure()
        wait_for(None, "the second contact")
        if command.code != 0:
            raise GuestError("pairing: " + "\n".join(command.lines))
        self.ensure_running()

    # --- what it says -------------------------------------------------------------------------------------------------

    @property
    def events(self) -> list[dict[str, Any]]:
        """Everything it logged, over all boots."""
        return [event for journal in self._journals for event in map(_event, list(journal.lines)) if event]

    def named(self, event: str) -> list[dict[str, Any]]:
        """What it logged under this name."""
        return [e for e in self.events if e["event"] == event]

    def wait_for(self, event: str, count: int = 1, within: float = 60.0) -> list[dict[str, Any]]:
        """Until it has logged this so often, counted from the very first boot."""
        try:
            until(lambda: len(self.named(event)) >= count, within, f"{count} x {event}")
        except GuestError as error:
            raise GuestError(f"{error}; {self.last_words()}") from None
        return self.named(event)

    @property
    def radio(self) -> str | None:
        """The last code of the radio in this run of the daemon; None before it told any."""
        code: str | None = None
        for event in self.events:
            if event["event"] == "daemon.started":
                code = None
            elif event["event"] == "bluetooth.changed":
                code = str(event["code"])
        return code

    @property
    def stored(self) -> dict[str, dict[str, Any]]:
        """What was logged as stored, by id."""
        return {event["id"]: event for event in self.named("reading.stored")}

    def versions(self) -> dict[str, str]:
        """What the guest is made of."""
        commands = {
            "kernel": "uname -r",
            "bluez": "bluetoothctl --version | sed 's/.* //'",
            "systemd": "systemctl --version | head -n 1 | cut -d ' ' -f 2",
            "python": "python3 --version | cut -d ' ' -f 2",
            "daemon": "/opt/dho-gateway/bin/dho-gateway --version | sed 's/.* //'",
        }
        return {name: self.guest.run(command).strip() for name, command in commands.items()}

    def last_words(self) -> str:
        """The end of what it logged, for a report of failure."""
        return json.dumps(self.events[-15:])

    def listen(self) -> Callable[[], list[Heard]]:
        """Follows everything on the broker from now on, retained documents first."""
        # After a boot the broker may not be there yet.
        there = "import socket; socket.create_connection(('127.0.0.1', 1883))"
        command = self.guest.begin(
            f'until python3 -c "{there}" 2>/dev/null; do sleep 0.2; done;'
            " exec mosquitto_sub -h 127.0.0.1 -u receiver -P 'another secret' -q 1 -v -t 'dho/#' 2>&1"
        )
        return Listener(command).heard

    def received(self) -> dict[str, dict[str, Any]]:
        """The readings that the receiver has stored, by id, in the order they came."""
        lines = self.guest.run(f"python3 - <<'END'\n{_RECEIVED}\nEND").splitlines()
        return {reading["id"]: reading for reading in map(json.loads, lines)}


class Listener:
    """Puts a time to each line as it is looked at: look often."""

    def __init__(self, command: Command) -> None:
        self._command = command
        self._heard: list[Heard] = []
        self._seen = 0

    def heard(self) -> list[Heard]:
        lines = list(self._command.lines)
        for line in lines[self._seen :]:
            topic, _, text = line.partition(" ")
            document = {} if text == "(null)" else json.loads(text)
            self._heard.append(Heard(time.monotonic(), topic.removeprefix(f"{ROOT}/"), document))
        self._seen = len(lines)
        return self._heard


def _confined() -> str:
    """The command that runs another one under everything that the daemon's unit says of users and rights."""
    unit = (PROJECT / "systemd" / "dho-gateway.service").read_text(encoding="utf-8")
    lines = unit.partition("[Service]\n")[2].partition("\n[")[0].splitlines()
    of_running = ("Type=", "NotifyAccess=", "ExecStart=", "Timeout", "WatchdogSec=", "Restart")
    settings = [line for line in lines if line and not line.startswith(("#", *of_running))]
    return "systemd-run --quiet --pipe --wait --collect " + " ".join(f"-p {shlex.quote(line)}" for line in settings)


def _event(line: str) -> dict[str, Any] | None:
    """A line of the journal, if the daemon wrote it."""
    if not line.startswith("{"):
        return None
    event: dict[str, Any] = json.loads(line)
    return event if "event" in event else None
