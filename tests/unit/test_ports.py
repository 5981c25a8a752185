"""Ports are called by names that stay, and an unstable name is answered with the one to use."""

import re
from pathlib import Path

import pytest

from gateway.catalogue import all_texts
from gateway.ports import is_unstable, name_ports, ports_here, stable_name_advice
from gateway.transport.serial_port import PortInfo

FTDI = PortInfo("/dev/ttyUSB0", 0x0403, 0x6001, "1-1.4", "FTDI", "FT232R USB UART", numbered=True)
CH340 = PortInfo("/dev/ttyUSB1", 0x1A86, 0x7523, "1-1.3", None, "USB Serial", numbered=False)
BARE = PortInfo("/dev/ttyACM0", None, None, None, None, None, numbered=False)
BOARD = PortInfo("/dev/ttyAMA0", None, None, None, None, None, numbered=False)
LINKS = {
    "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_AB0KNUJC-if00-port0": "/dev/ttyUSB0",
    "/dev/serial/by-path/platform-fd500000.pcie-usb-0:1.4:1.0-port0": "/dev/ttyUSB0",
    "/dev/serial/by-id/usb-1a86_USB_Serial-if00-port0": "/dev/ttyUSB1",
    "/dev/serial/by-path/platform-fd500000.pcie-usb-0:1.3:1.0-port0": "/dev/ttyUSB1",
}
NAMES = name_ports([FTDI, CH340, BARE, BOARD], LINKS)
RULES = (Path(__file__).parents[2] / "systemd" / "70-dho-gateway-serial.rules").read_text(encoding="utf-8")


def test_a_converter_with_a_serial_number_is_called_by_it() -> None:
    assert NAMES[0].best == "/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_AB0KNUJC-if00-port0"
    assert (NAMES[0].advice, NAMES[0].converter, NAMES[0].usb) == ("", "FTDI FT232R USB UART", "usb:1-1.4")


def test_one_without_is_called_by_its_socket() -> None:
    """Two alike would share one by-id name, and only the last would have it."""
    assert NAMES[1].best == "/dev/serial/by-path/platform-fd500000.pcie-usb-0:1.3:1.0-port0"
    assert (NAMES[1].by_id, NAMES[1].advice) == (None, "ports-by-socket")


def test_without_links_the_usb_location_is_the_name() -> None:
    assert name_ports([CH340], {})[0].best == "usb:1-1.3"


def test_a_port_without_any_stable_name_says_so() -> None:
    assert (NAMES[2].best, NAMES[2].advice) == ("/dev/ttyACM0", "ports-no-stable-name")


def test_a_port_of_the_board_is_stable_as_it_is() -> None:
    assert (NAMES[3].best, NAMES[3].advice) == ("/dev/ttyAMA0", "")


@pytest.mark.parametrize(
    ("port", "advice"),
    [
        ("/dev/ttyUSB0", NAMES[0].best),
        ("/dev/ttyUSB1", NAMES[1].best),
        ("/dev/ttyACM0", ""),
        ("/dev/ttyUSB9", ""),
        ("/dev/pts/3", None),
        ("/dev/ttyAMA0", None),
        ("usb:1-1.4", None),
        ("/dev/serial/by-id/usb-x", None),
    ],
)
def test_an_unstable_name_is_answered_with_the_one_to_use(port: str, advice: str | None) -> None:
    assert stable_name_advice(port, NAMES) == advice
    assert is_unstable(port) == (advice is not None)


def test_the_suggested_lines_name_the_port() -> None:
    assert f'port = "{NAMES[0].best}"' in NAMES[0].config()


def test_every_advice_has_its_sentence() -> None:
    assert {n.advice for n in NAMES} - {""} <= set(all_texts())


def test_the_ports_of_this_machine_can_be_listed() -> None:
    assert all(name.device.startswith("/dev/") for name in ports_here())


def test_each_udev_rule_matches_the_tty_itself_and_keeps_modem_manager_off() -> None:
    rules = [line for line in RULES.splitlines() if "idVendor" in line]
    ids = [re.search(r'idVendor}=="(\w+)", ATTRS{idProduct}=="(\w+)"', line) for line in rules]
    assert [i.groups() for i in ids if i] == [("10c4", "ea60"), ("1a86", "7523"), ("0403", "6001"), ("067b", "2303")]
    for line in rules:
        assert line.startswith('SUBSYSTEM=="tty", ')
        assert 'ENV{ID_MM_DEVICE_IGNORE}="1"' in line
