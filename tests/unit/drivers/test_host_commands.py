"""What the hub says to instruments, against published bytes.

Sources: Contec CMS50F v3.7, sleepyhead-code cms50f37_loader.cpp (commands derived from it); Nonin Onyx II 9560 OEM
Specification 6470-000-01 (2008), in mattjlewis/NoninPulseOx, example under "Setting the time".
"""

from datetime import datetime

import pytest

from drivers.api import DecodeError
from drivers.serial.cms50f import command
from drivers.serial.nonin_13 import DRIVER, set_time
from gateway.simulator.serial_bytes import nonin_13

CMS50F = {
    "cms50f-cmd-hello1": (0x27, "7d81a7808080808080"),
    "cms50f-cmd-hello2": (0x22, "7d81a2808080808080"),
    "cms50f-cmd-session-count": (0x23, "7d81a3808080808080"),
    "cms50f-cmd-session-duration": (0x24, "7d81a4808080808080"),
    "cms50f-cmd-session-time": (0x25, "7d81a5808080808080"),
    "cms50f-cmd-session-data": (0x26, "7d81a6808080808080"),
    "cms50f-cmd-model": (0x28, "7d81a8808080808080"),
    "cms50f-cmd-vendor": (0x29, "7d81a9808080808080"),
    "cms50f-cmd-user": (0x2B, "7d81ab808080808080"),
    "cms50f-cmd-info": (0x30, "7d81b0808080808080"),
}


@pytest.mark.parametrize(("code", "said"), CMS50F.values(), ids=CMS50F)
def test_a_cms50f_is_asked_in_its_own_words(code: int, said: str) -> None:
    """Every command of the published protocol, byte by byte."""
    assert command(code).hex() == said


def test_a_9560_is_told_the_time_as_its_maker_prints_it() -> None:
    """nonin-settime: 31 December 2050, 14:30:15."""
    shown = datetime(2050, 12, 31, 14, 30, 15)  # noqa: DTZ001  # an instrument's clock has no zone
    assert set_time(shown).hex() == "027206320c1f0e1e0f03"


def test_a_9560_message_of_an_impossible_length_is_thrown_away() -> None:
    """A damaged length must not make the framer wait for a message that never ends."""
    framer = DRIVER.framer()
    damaged = bytes.fromhex("0002000dffff") + bytes(12)
    whole = nonin_13(97, 72, datetime(2026, 3, 14, 7, 45, 0))  # noqa: DTZ001  # an instrument's clock has no zone
    messages = framer.feed(damaged + whole)
    assert [m for m in messages if isinstance(m, bytes)] == [whole]
    assert any(isinstance(m, DecodeError) for m in messages)
