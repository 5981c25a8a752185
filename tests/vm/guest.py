"""The guest machine: started, asked to run commands, cut off from power."""

import contextlib
import json
import os
import platform
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.broker.mosquitto import free_port
from tests.vm.image import Image, cache

BOOT_S = 300.0
_PROOF_S = 25.0
# On a busy host an emulated timer may be late when the kernel looks for it at boot, and it would panic.
_KERNEL = "root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 mitigations=off no_timer_check oops=panic panic=-1"


class GuestError(AssertionError):
    """The guest did not do what it should."""


def until(condition: Callable[[], Any], within: float = 15.0, what: str = "the condition") -> Any:
    """Waits until `condition` gives something true, and gives it; GuestError after `within` seconds."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > deadline:
            raise GuestError(f"{what} did not come true within {within} s")
        time.sleep(0.02)
    return found


@dataclass
class Command:
    """One command in the guest: what it has printed so far, and its exit code once it has ended."""

    number: int
    text: str
    lines: list[str] = field(default_factory=list)
    code: int | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    def end(self, code: int) -> None:
        self.code = code
        self.ended.set()


class Guest:
    """One machine with a disk of its own, which outlives power cuts. Not started by itself.

    `hci` and `serial` are sockets at whose other ends are the guest's Bluetooth controller and its /dev/ttyS1. What
    comes to `port` of the host's loopback comes to the same port of the guest; no other traffic passes.
    """

    def __init__(self, image: Image, directory: Path, payload: Path | None = None, acceleration: str = "tcg") -> None:
        """`payload` is a read-only disk, mounted at /payload. `directory` needs a short path: it holds sockets."""
        self.hci = directory / "hci"
        self.serial = directory / "serial"
        self.boots = 0
        self.port = free_port()
        self._image, self._directory, self._payload, self._acceleration = image, directory, payload, acceleration
        self._disk = directory / "disk"
        self._process: subprocess.Popen[bytes] | None = None
        self._link: socket.socket | None = None
        self._reader: threading.Thread | None = None
        self._commands: dict[int, Command] = {}
        self._number = 0
        self._hello: queue.Queue[str] = queue.Queue()
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether the machine has power."""
        return self._process is not None and self._process.poll() is None

    def start(self, within: float = BOOT_S, plugged: Callable[[], None] = lambda: None) -> float:
        """Power on; returns after so many seconds, when it takes commands. GuestError if it never does.

        `plugged` is called as soon as an adapter can be put into its `hci` socket, before the kernel looks for one.
        """
        began = time.monotonic()
        if not self._disk.exists():
            subprocess.run(["cp", "--sparse=always", "--reflink=auto", self._image.disk, self._disk], check=True)
            (self._directory / "kernel").symlink_to(self._image.kernel)
            (self._directory / "initrd").symlink_to(self._image.initrd)
        for name in ("agent", "hci", "serial"):
            (self._directory / name).unlink(missing_ok=True)
        log = (self._directory / "qemu.log").open("ab")
        self._process = subprocess.Popen(
            self._qemu(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self._directory
        )
        log.close()
        self._hello = queue.Queue()
        self._link = self._connect()
        plugged()
        self._reader = threading.Thread(target=self._read, args=(self._link,), daemon=True)
        self._reader.start()
        try:
            self._hello.get(timeout=within)
        except queue.Empty:
            self.cut()
            raise GuestError(f"no boot within {within} s: {self.console()[-1000:]}") from None
        self.boots += 1
        return time.monotonic() - began

    def cut(self) -> None:
        """The power goes, without a word."""
        process, link, reader = self._process, self._link, self._reader
        self._process = self._link = self._reader = None
        if process is not None:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
        if link is not None:
            link.close()
        if reader is not None:
            reader.join(10)
        for command in self._commands.values():
            command.end(-1)
        self._commands.clear()

    def shut_down(self, within: float = 60.0) -> None:
        """An orderly shutdown."""
        process = self._process
        if process is None:
            return
        self.begin("systemctl --no-block poweroff")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(within)
        self.cut()

    def run(self, text: str, within: float = 60.0, *, check: bool = True) -> str:
        """Runs shell commands and gives what they print; GuestError if they fail (with `check`) or take too long."""
        command = self.begin(text)
        if not command.ended.wait(within):
            self.kill(command)
            raise GuestError(f"{text!r} took more than {within} s: {command.lines[-20:]}")
        if check and command.code != 0:
            raise GuestError(f"{text!r} ended with {command.code}: " + "\n".join(command.lines[-40:]))
        return "\n".join(command.lines)

    def begin(self, text: str) -> Command:
        """Starts shell commands that go on."""
        with self._lock:
            self._number += 1
            command = self._commands[self._number] = Command(self._number, text)
            self._send({"id": command.number, "run": text})
        return command

    def kill(self, command: Command) -> None:
        """Ends a command that goes on."""
        with self._lock:
            self._send({"id": command.number, "kill": True})

    def console(self) -> str:
        """What the kernel said on its serial console since the disk is there."""
        path = self._directory / "console.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def _send(self, request: dict[str, object]) -> None:
        if self._link is None:
            raise GuestError("the guest has no power")
        self._link.sendall(json.dumps(request).encode() + b"\n")

    def _connect(self) -> socket.socket:
        path = str(self._directory / "agent")
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

        def connected() -> bool:
            if not self.running:
                text = (self._directory / "qemu.log").read_text(encoding="utf-8", errors="replace")
                raise GuestError(f"the machine ended: {text[-1000:]}")
            try:
                link.connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

        until(connected, 20.0, "a socket of the machine")
        return link

    def _read(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError), link.makefile("rb") as lines:
            for line in lines:
                self._heard(json.loads(line))

    def _heard(self, message: dict[str, Any]) -> None:
        if "hello" in message:
            self._hello.put(message["hello"])
            return
        command = self._commands.get(message["id"])
        if command is None:
            return
        if "line" in message:
            command.lines.append(message["line"])
        else:
            del self._commands[command.number]
            command.end(message["code"])

    def _qemu(self) -> list[str]:
        accelerations = {
            "tcg": ["-accel", "tcg,thread=multi,tb-size=256", "-cpu", "max"],
            "kvm": ["-accel", "kvm", "-cpu", "host"],
        }
        # What the disk has taken is in the memory of a host that goes on living: a power cut needs no slower cache.
        drives = ["file=disk,if=virtio,format=raw,cache=unsafe"]
        if self._payload is not None:
            drives.append(f"file={self._payload},if=virtio,format=raw,readonly=on")
        return [
            *("qemu-system-x86_64", "-nodefaults", "-no-user-config", "-machine", "q35"),
            *accelerations[self._acceleration],
            *("-m", "768", "-smp", "2", "-no-reboot", "-display", "none", "-monitor", "none"),
            *("-kernel", "kernel", "-initrd", "initrd", "-append", _KERNEL),
            *(word for drive in drives for word in ("-drive", drive)),
            *(
                "-chardev",
                "file,id=console,path=console.log,append=on",
                "-serial",
                "chardev:console",
            ),
            *("-chardev", "socket,id=serial,path=serial,server=on,wait=off", "-serial", "chardev:serial"),
            # Its hardware watchdog; one that bites ends the machine, since it is not restarted by itself.
            *("-device", "i6300esb"),
            *("-device", "virtio-rng-pci", "-device", "virtio-serial-pci,id=serial"),
            *("-chardev", "socket,id=hci,path=hci,server=on,wait=off", "-device", "virtconsole,chardev=hci"),
            *("-netdev", f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{self.port}-:{self.port}"),
            *("-device", "virtio-net-pci,netdev=net,romfile="),
            *("-chardev", "socket,id=agent,path=agent,server=on,wait=off"),
            *("-device", "virtserialport,chardev=agent,name=host"),
        ]


def acceleration(image: Image, directory: Path) -> str:
    """`kvm` if this machine has booted the image with it in time, else `tcg`; found out once for each host kernel.

    That /dev/kvm opens proves nothing: on some virtual machines guests then hang.
    """
    note = cache() / f"acceleration-{platform.release()}"
    if not note.exists():
        note.write_text("kvm" if _kvm_boots(image, directory) else "tcg", encoding="ascii")
    return note.read_text(encoding="ascii")


def _kvm_boots(image: Image, directory: Path) -> bool:
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return False
    with _scratch(directory / "kvm") as scratch:
        guest = Guest(image, scratch, acceleration="kvm")
        try:
            guest.start(_PROOF_S)
        except GuestError:
            return False
        finally:
            guest.cut()
    return True


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    path.mkdir()
    try:
        yield path
    finally:
        shutil.rmtree(path)
