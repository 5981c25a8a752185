"""The demo: a virtual home measures through the real gateway; in the middle the network goes away."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.errors import GatewayError, RefusedError
from gateway.simulator.bluez.virtual import VirtualBluetooth
from gateway.simulator.broker import LocalBroker
from gateway.simulator.home import VirtualHome
from gateway.simulator.relay import Relay
from gateway.simulator.screen import DeviceRow, Picture, Screen
from gateway.simulator.witness import Witness
from gateway.store import look

# The network goes away after this share of the time, and comes back after that one; then measuring ends.
_CUT, _MEND, _LAST = 0.3, 0.6, 0.8
_DRAIN_S = 15.0
_START_S = 20.0
_FRAME_S = 0.25


class Demo:
    """One run of the demo."""

    def __init__(self, directory: Path, seconds: float, screen: Screen, seed: int | None) -> None:
        self._directory, self._seconds, self._screen = directory, seconds, screen
        self._home = VirtualHome(directory, seed)
        self._stored: dict[str, str] = {}
        self._received: Counter[str] = Counter()
        self._links: dict[str, str] = {}
        self._again = 0
        self._open_ports = 0
        self._radio_ready = False
        self._network = True
        self._largest = 0
        self._began = 0.0

    async def run(self) -> dict[str, object]:
        """Runs it to the end; gives the totals."""
        loop = asyncio.get_running_loop()
        self._began = loop.time()
        home = self._home
        async with (
            LocalBroker(self._directory) as broker,
            Relay(broker.port) as relay,
            VirtualBluetooth(home.bluetooth) as bluetooth,
        ):
            self._screen.say("demo-simulated")
            self._screen.say("demo-parts", broker=broker.name)
            home.plug_in()
            config = self._directory / "gateway.toml"
            config.write_text(home.configuration(self._directory, relay.port, broker.protocol), encoding="utf-8")
            receiver = Witness(self._directory / "receiver.log", self._hear_receiver)
            gateway = Witness(self._directory / "gateway.log", self._hear_gateway)
            await receiver.start(self._receive(broker), {})
            await gateway.start(["run", "--config", str(config), "--simulated"], bluetooth.environ)
            try:
                await self._awake()
                await self._act(relay)
                self._screen.close(self._picture(loop.time() - self._began, self._outbox()))
            finally:
                await gateway.stop()
                await receiver.stop()
                home.unplug()
        return self._totals()

    def _receive(self, broker: LocalBroker) -> list[str]:
        words = ["receive", "--host", "127.0.0.1", "--port", str(broker.port), "--insecure-plaintext"]
        words += ["--tenant", "demo", "--database", str(self._directory / "received.sqlite"), "--json"]
        return [*words, "--protocol", broker.protocol]

    async def _awake(self) -> None:
        """Until the hub listens: what a scale prints before that goes nowhere, here as in life."""
        try:
            async with asyncio.timeout(_START_S):
                while self._open_ports < len(self._home.serial) or not self._radio_ready:  # noqa: ASYNC110  # hears a process
                    await asyncio.sleep(_FRAME_S)
        except TimeoutError as error:
            raise RefusedError("demo-does-not-start", str(self._directory)) from error
        self._began = asyncio.get_running_loop().time()

    async def _act(self, relay: Relay) -> None:
        """People measure; the network goes and comes back; then everything has time to arrive."""
        last = asyncio.Event()
        people = asyncio.create_task(self._home.people(last))
        drawing = asyncio.create_task(self._draw())
        try:
            await self._at(_CUT)
            await relay.cut()
            self._network = False
            self._screen.say("demo-cut")
            await self._at(_MEND)
            relay.mend()
            self._network = True
            self._screen.say("demo-mended")
            await self._at(_LAST)
            last.set()
            await people
            await self._drained()
        finally:
            drawing.cancel()
            people.cancel()
            with suppress(asyncio.CancelledError):
                await drawing

    async def _at(self, share: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._began + share * self._seconds - loop.time()))

    async def _drained(self) -> None:
        """Until every measurement is stored, received and released."""
        try:
            async with asyncio.timeout(_DRAIN_S):
                while not self._complete():  # noqa: ASYNC110  # asks another process's database
                    await asyncio.sleep(_FRAME_S)
            self._screen.say("demo-drained")
        except TimeoutError:
            self._screen.say("demo-late", directory=self._directory)

    def _complete(self) -> bool:
        measured = sum(one.measured for one in self._home.instruments)
        return len(self._stored) >= measured and self._stored.keys() <= self._received.keys() and self._outbox() == 0

    def _outbox(self) -> int:
        try:
            return look(self._directory / "store").depth.waiting
        except (GatewayError, TypeError):
            return 0  # not born yet

    async def _draw(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            outbox = self._outbox()
            self._largest = max(self._largest, outbox)
            self._screen.draw(self._picture(loop.time() - self._began, outbox))
            await asyncio.sleep(_FRAME_S)

    def _picture(self, second: float, outbox: int) -> Picture:
        stored, received = len(self._stored), len(self._received)
        return Picture(second, self._seconds, self._network, self._rows(), outbox, stored, received)

    def _rows(self) -> list[DeviceRow]:
        stored = Counter(self._stored.values())
        confirmed = Counter(self._stored[i] for i in self._received if i in self._stored)
        return [
            DeviceRow(
                one.name,
                "Bluetooth LE" if one.transport == "ble" else "serial",
                one.measured,
                stored[one.name],
                confirmed[one.name],
            )
            for one in self._home.instruments
        ]

    def _hear_gateway(self, event: Mapping[str, Any]) -> None:
        match event.get("event"):
            case "device.configured":
                self._links[str(event["device"])] = self._home.instruments[int(event["index"])].name
            case "device.opened":
                self._open_ports += 1
            case "bluetooth.changed":
                self._radio_ready = event["code"] == "ready"
            case "reading.stored":
                self._stored[str(event["id"])] = self._links.get(str(event["device"]), "")

    def _hear_receiver(self, event: Mapping[str, Any]) -> None:
        if event.get("event") in ("reading.received", "reading.conflict"):
            self._received[str(event["id"])] += 1
        elif event.get("event") == "reading.doubled":
            self._again += 1  # the same id once more: the receiver keeps one

    def _totals(self) -> dict[str, object]:
        measured = {one.name: one.measured for one in self._home.instruments}
        missing = self._stored.keys() - self._received.keys()
        return {
            "stored": len(self._stored),
            "received": len(self._received),
            "missing": len(missing),
            "doubled": sum(1 for count in self._received.values() if count > 1),
            "measured": sum(measured.values()),
            "unread": sum(measured.values()) - len(self._stored),
            "sent_again": self._again,
            "largest_outbox": self._largest,
            "outage_s": round((_MEND - _CUT) * self._seconds),
            "devices": dict(Counter(self._stored.values())),
            "simulated": True,
        }


def succeeded(totals: Mapping[str, object]) -> bool:
    """Whether every device delivered, and nothing is missing, doubled or unread."""
    devices = totals["devices"]
    all_came = isinstance(devices, dict) and len(devices) == 5
    return all_came and not (totals["missing"] or totals["doubled"] or totals["unread"])
