"""The bench: one device, the store, and the radio, for the commands that connect.

What the device hands over goes the way of every reading, through the collector into the store, so that nothing is lost
that it deletes when it is confirmed.
"""

import argparse
import asyncio
import os
import pwd
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from drivers.api import BleDriver
from gateway.cli.configuration import Configuration, read_configuration
from gateway.cli.device.talking import Talker
from gateway.env import Env, local_time, real_env
from gateway.errors import GatewayError, RefusedError
from gateway.instruments import Instruments, Told
from gateway.making import Place
from gateway.settings import BleDevice as Listed
from gateway.settings import Settings
from gateway.store import Store
from gateway.store.opening import open_store
from gateway.timebase import RELEASED, believed
from gateway.transport import Contact
from gateway.transport.ble.radio import BleDevice, Care, Radio
from gateway.whose import Whose

_READY_S = 10.0
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """The device a command is about. `listed`: it stands in the configuration."""

    name: str
    address: str
    driver: BleDriver
    listed: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """How a contact ended: how many values came, and the reason if it ended other than by itself."""

    values: int
    error: GatewayError | None


@dataclass
class Watched:
    """Stands in front of the contact and counts. `ended` gets one entry for each contact that is over."""

    contact: Contact | None
    known: dict[str, object]
    values: int = 0
    ended: "asyncio.Queue[Ended]" = field(default_factory=asyncio.Queue)
    on_value: Callable[[int], None] = lambda _values: None

    def opened(self) -> None:
        """Contact is made."""
        self.values = 0
        if self.contact is not None:
            self.contact.opened()

    def frame(self, channel: str, data: bytes) -> None:
        """A value came."""
        self.values += 1
        if self.contact is not None:
            self.contact.frame(channel, data)
        self.on_value(self.values)

    def facts(self, facts: Mapping[str, object]) -> None:
        """The device told of itself."""
        self.known |= facts
        if self.contact is not None:
            self.contact.facts(facts)

    def clock(self, device_time: datetime | None) -> None:
        """The device's clock was read."""
        if self.contact is not None:
            self.contact.clock(device_time)

    def closed(self, error: GatewayError | None) -> None:
        """Contact is over."""
        if self.contact is not None:
            self.contact.closed(error)
        self.ended.put_nowait(Ended(self.values, error))
        self.values = 0

    def cursor(self) -> int | None:
        """The highest record number kept."""
        return None if self.contact is None else self.contact.cursor()


@dataclass(frozen=True, slots=True)
class Bench:
    """A radio that serves the one device. `heard_at` gives when it was heard last (monotonic s; None: not yet)."""

    wanted: Wanted
    radio: Radio
    watched: Watched
    env: Env
    heard_at: Callable[[], float | None]

    async def contact(self, seconds: float) -> Ended:
        """The next contact that is over; RefusedError `device-silent` after `seconds` without any."""
        try:
            async with asyncio.timeout(seconds):
                return await self.watched.ended.get()
        except TimeoutError as error:
            state = self.radio.state.code
            raise RefusedError("device-silent" if state == "ready" else state) from error


def add_device_options(parser: argparse.ArgumentParser) -> None:
    """Options of the commands that connect."""
    parser.add_argument("device", metavar="DEVICE", help="its name in the configuration, or its Bluetooth address")
    parser.add_argument("--config", required=True, metavar="FILE", help="the configuration (TOML)")
    parser.add_argument("--driver", metavar="NAME", help="the driver, for a device that is not listed yet")
    parser.add_argument("--minutes", type=float, default=5.0, help="how long to wait for the device; default: 5")
    parser.add_argument(
        "--own-measurement", action="store_true", help="you measure yourself: count what comes, and throw it away"
    )


def wanted(arguments: argparse.Namespace, configuration: Configuration) -> Wanted:
    """The device meant; RefusedError `device-unknown` or `device-driver-needed`."""
    word = arguments.device
    for device in configuration.settings.device:
        if isinstance(device, Listed) and word.upper() in (device.name.upper(), device.address.upper()):
            return _wanted(device.name, device.address, arguments.driver or device.driver, configuration, listed=True)
    if word.count(":") != 5:
        raise RefusedError("device-unknown", word)
    if arguments.driver is None:
        raise RefusedError("device-driver-needed")
    return _wanted(getattr(arguments, "name", None) or "device", word.upper(), arguments.driver, configuration)


def _wanted(name: str, address: str, driver: str, configuration: Configuration, *, listed: bool = False) -> Wanted:
    found = configuration.drivers.get(driver)
    if not isinstance(found, BleDriver) or not found.characteristics:
        raise RefusedError("device-driver-unfit", driver)
    return Wanted(name, address, found, listed)


@asynccontextmanager
async def bench(arguments: argparse.Namespace, talker: Talker, *, wait: bool = False) -> AsyncIterator[Bench]:
    """Everything a command needs that connects; GatewayError where it cannot be had.

    `wait`: the device is left alone until the radio is told otherwise.
    """
    configuration = read_configuration(arguments.config)
    device = wanted(arguments, configuration)
    with_store = owned_store(configuration.settings)
    try:
        async with _radio(configuration, device, with_store, own=arguments.own_measurement) as made:
            made.radio.leave_alone(device.address, wait)
            await _ready(made.radio, made.env)
            talker.tell("device-begin", name=device.name, driver=device.driver.name)
            yield made
    finally:
        with_store.close()


def owned_store(settings: Settings) -> Store:
    """The store, ours while it is open; RefusedError `device-gateway-runs` if a gateway has it."""
    directory = Path(settings.store.path)
    become_owner(directory)
    try:
        return open_store(settings.store, os.environ.get("CREDENTIALS_DIRECTORY"))
    except RefusedError as error:
        if error.reason == "store-in-use":
            raise RefusedError("device-gateway-runs") from error
        raise


@asynccontextmanager
async def _radio(configuration: Configuration, device: Wanted, store: Store, *, own: bool) -> AsyncIterator[Bench]:
    env, settings = _trusting(real_env(), store), configuration.settings
    zone = ZoneInfo(settings.hub.timezone)
    heard: list[float] = []
    watched, collecting, options = _watched(configuration, device, store, env, own=own)

    def note(_address: str) -> None:
        heard[:] = [env.monotonic()]

    radio = Radio(
        [BleDevice(device.address, device.driver, watched, options, dict(watched.known))],
        env,
        local_time=lambda: local_time(env, zone),
        adapter=settings.bluetooth.adapter,
        heard=note,
        care=Care(rungs=()),
        stored=lambda: store.trouble is None,
    )
    tasks = [asyncio.create_task(radio.run()), *collecting()]
    try:
        yield Bench(device, radio, watched, env, lambda: heard[0] if heard else None)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _trusting(env: Env, store: Store) -> Env:
    """The same trust in the clock as the daemon's: one that shows what is certainly past is not believed."""
    floor = store.undated.floor() or RELEASED
    return replace(env, hub_clock=lambda: believed(env.hub_clock(), env.now(), floor))


async def _ready(radio: Radio, env: Env) -> None:
    """Returns when the radio is; RefusedError with what is wrong with it if it is not soon."""
    deadline = env.monotonic() + _READY_S
    while radio.state.code != "ready":
        if env.monotonic() > deadline:
            raise RefusedError(radio.state.code)
        await env.sleep(_LOOK_S)


def _watched(
    configuration: Configuration, device: Wanted, store: Store, env: Env, *, own: bool
) -> tuple[Watched, Callable[[], list["asyncio.Task[None]"]], Mapping[str, object]]:
    """The contact to give to the radio, what must run for it, and the driver's options."""
    settings = configuration.settings
    entry = next(
        (d for d in settings.device if isinstance(d, Listed) and d.address.upper() == device.address.upper()),
        Listed(name=device.name, driver=device.driver.name, transport="ble", address=device.address),
    )
    only = settings.changed(device=(entry,))
    zone = ZoneInfo(settings.hub.timezone)
    place = Place(hub=settings.hub.id, epoch=store.epoch, id_key=store.id_key, zone=zone)
    told = Told(kept=_unheard, note=_unheard, changed=_unheard, radio=_unheard)
    # What comes now is the person's or nobody's by the same rules as ever.
    whose = Whose(store.assignments, store.equipment.retired, store.cursor, env, zone, _unheard)
    (one,) = Instruments(only, {entry.driver: device.driver}, store, env, place, told, whose).all
    whose.reload()
    collector = one.collector
    known = dict(collector.twin)
    if own:
        # A device that keeps it may hand it over again: what it remembers is told from the person's anew.
        store.assignments.doubt(collector.ref)
        return Watched(None, known), lambda: [], one.options
    return Watched(collector, known), lambda: [asyncio.create_task(collector.run())], one.options


def _unheard(*_told: object) -> None:
    """The command tells the person itself."""


def become_owner(directory: Path) -> None:
    """The files of the store must stay their owner's: root becomes the owner, others are refused.

    Wholly, since the message bus looks at who we are, too.
    """
    try:
        owner = directory.stat()
    except FileNotFoundError:
        return
    except PermissionError as error:
        raise RefusedError("act-other-user", "root") from error
    if owner.st_uid == os.geteuid():
        return
    name = _user(owner.st_uid)
    if os.geteuid() != 0:
        raise RefusedError("act-other-user", name)
    os.initgroups(name, owner.st_gid)
    os.setgid(owner.st_gid)
    os.setuid(owner.st_uid)


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)
