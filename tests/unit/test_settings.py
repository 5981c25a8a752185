"""The configuration: every mistake of a file is named at once, with its path; nothing dangerous slips through."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Line
from gateway.catalogue import all_texts
from gateway.checking import allowed_drivers, load, parse
from gateway.errors import ConfigurationError
from gateway.instruments import parse_line
from gateway.settings import Settings, is_loopback, secret_path

DRIVERS = {
    "and-scale": ("serial", frozenset(["line", "stream"])),
    "blood-pressure": ("ble", frozenset(["each"])),
}
HEAD = """
[hub]
id = "hub-0042"
tenant = "skien"
[store]
path = "/var/lib/dho-gateway"
[mqtt]
host = "127.0.0.1"
port = 8883
"""
SERIAL = """
[[device]]
name = "stuevekt"
driver = "and-scale"
transport = "serial"
port = "/dev/serial/by-id/usb-1"
"""
BLE = """
[[device]]
name = "mansjett"
driver = "blood-pressure"
transport = "ble"
address = "AA:BB:CC:DD:EE:FF"
"""


def faults(text: str) -> list[tuple[str, str]]:
    try:
        load(parse(text), DRIVERS)
    except ConfigurationError as error:
        return [(fault.path, fault.reason) for fault in error.faults]
    return []


def accepted(text: str) -> Settings:
    return load(parse(text), DRIVERS)


def test_the_contract_s_minimum_is_accepted() -> None:
    settings = accepted(HEAD + '[delivery]\nconfirm = "receiver"\n' + SERIAL + BLE)
    assert [device.name for device in settings.device] == ["stuevekt", "mansjett"]
    assert settings.hub.timezone == "Europe/Oslo"
    assert (settings.delivery.confirm, settings.mqtt.insecure_plaintext) == ("receiver", False)


def test_all_mistakes_of_a_file_are_named_at_once_each_with_its_path() -> None:
    text = """
    [hub]
    id = "HUB"
    tenant = "skien"
    timezone = "Europa/Oslo"
    [store]
    [mqtt]
    host = "broker.example"
    insecure_plaintext = true
    cert_file = "/etc/hub.pem"
    colour = "red"
    [[device]]
    name = "vekt"
    driver = "and-scale"
    transport = "serial"
    [[device]]
    name = "Vekt"
    driver = "unknown"
    transport = "radio"
    [[device]]
    name = "mansjett"
    driver = "blood-pressure"
    [[device]]
    name = "tredje"
    driver = "blood-pressure"
    transport = "serial"
    port = "/dev/ttyUSB0"
    mode = "stream"
    """
    assert sorted(faults(text)) == sorted(
        [
            ("hub.id", "config-form"),
            ("hub.timezone", "config-unknown-timezone"),
            ("store.path", "config-missing"),
            ("mqtt.port", "config-missing"),
            ("mqtt.colour", "config-unknown-key"),
            ("mqtt.insecure_plaintext", "config-plaintext-not-loopback"),
            ("mqtt.key_file", "config-needs-partner"),
            ("device[0].port", "config-missing"),
            ("device[1].transport", "config-unknown-transport"),
            ("device[1].name", "config-repeated"),
            ("device[1].driver", "config-unknown-driver"),
            ("device[2].transport", "config-missing-transport"),
            ("device[3].port", "config-unstable-port"),
            ("device[3].transport", "config-wrong-transport"),
            ("device[3].mode", "config-unknown-mode"),
        ]
    )


def test_whole_tables_that_are_missing_are_named() -> None:
    assert faults("") == [("hub", "config-missing"), ("store", "config-missing"), ("mqtt", "config-missing")]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("device = 3", "device"),
        ('device = ["x"]', "device[0]"),
        ("mqtt = 3", "mqtt"),
        ("drivers = 3", "drivers"),
        ("[drivers]\nallow = 3", "drivers.allow"),
        ("[drivers]\nallow = [3]", "drivers.allow[0]"),
        ("[[device]]\nname = 3", "device[0].transport"),
        ('[[device]]\ntransport = "ble"\ndriver = 3', "device[0].driver"),
    ],
)
def test_values_of_a_wrong_kind_are_mistakes_like_others(text: str, path: str) -> None:
    assert path in [where for where, _reason in faults(text)]


def test_what_is_not_toml_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse("[hub\nid = 1")
    assert caught.value.faults[0].reason == "config-not-toml"
    assert "line 1" in caught.value.faults[0].params["detail"]


@pytest.mark.parametrize("value", ['"yes"', "1", '"true"', '"on"'])
def test_plain_text_cannot_be_switched_on_by_another_word_than_true(value: str) -> None:
    text = HEAD.replace("127.0.0.1", "10.0.0.1") + f"insecure_plaintext = {value}"
    assert faults(text) == [("mqtt.insecure_plaintext", "config-value")]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_plain_text_is_let_through_to_this_machine_only(host: str) -> None:
    text = HEAD.replace("127.0.0.1", host) + "insecure_plaintext = true"
    assert accepted(text).mqtt.insecure_plaintext
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["10.0.0.1", "0.0.0.0", "broker", "127.0.0.1.example", "localhost.example", "::2", ""])  # noqa: S104
def test_plain_text_is_refused_to_any_other_host(host: str) -> None:
    text = HEAD.replace("127.0.0.1", host) + "insecure_plaintext = true"
    assert ("mqtt.insecure_plaintext", "config-plaintext-not-loopback") in faults(text)


def test_plain_text_without_any_host_is_refused_too() -> None:
    text = HEAD.replace('host = "127.0.0.1"\n', "") + "insecure_plaintext = true"
    assert faults(text) == [
        ("mqtt.host", "config-missing"),
        ("mqtt.insecure_plaintext", "config-plaintext-not-loopback"),
    ]


@pytest.mark.parametrize(
    ("keys", "partner"),
    [
        ('cert_file = "/c"', "key_file"),
        ('key_file = "/k"', "cert_file"),
        ('password_file = "/p"', "username_file"),
    ],
)
def test_half_a_credential_is_a_mistake(keys: str, partner: str) -> None:
    assert faults(HEAD + keys) == [(f"mqtt.{partner}", "config-needs-partner")]


def test_a_user_name_alone_is_enough() -> None:
    assert accepted(HEAD + 'username_file = "/u"').mqtt.username_file == "/u"


def test_two_devices_cannot_have_one_name() -> None:
    assert faults(HEAD + SERIAL.replace("stuevekt", "Mansjett") + BLE) == [("device[1].name", "config-repeated")]


def test_two_devices_cannot_have_one_address_however_it_is_written() -> None:
    other = BLE.replace("mansjett", "mansjett 2").replace("AA:BB:CC:DD:EE:FF", "aa:bb:cc:dd:ee:ff")
    assert faults(HEAD + BLE + other) == [("device[1].address", "config-repeated")]


def test_two_devices_cannot_have_one_port() -> None:
    assert faults(HEAD + SERIAL + SERIAL.replace("stuevekt", "badevekt")) == [("device[1].port", "config-repeated")]


def test_a_mode_of_the_driver_is_accepted() -> None:
    assert accepted(HEAD + SERIAL + 'mode = "stream"').device[0].mode == "stream"


def test_user_slots_are_whole_numbers() -> None:
    assert accepted(HEAD + BLE + "users = [1, 2]").device[0].users == (1, 2)
    assert faults(HEAD + BLE + 'users = ["1"]') == [("device[0].users[0]", "config-value")]


def test_every_reason_has_a_sentence() -> None:
    told = {reason for _path, reason in faults(HEAD + "x = 1" + SERIAL + SERIAL)}
    assert told
    assert told <= all_texts().keys()


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({}, []),
        ({"drivers": 3}, []),
        ({"drivers": {}}, []),
        ({"drivers": {"allow": "x"}}, []),
        ({"drivers": {"allow": ["x", 3, "y"]}}, ["x", "y"]),
    ],
)
def test_drivers_of_other_packages_are_found_even_in_a_file_that_is_wrong(
    raw: dict[str, Any], names: list[str]
) -> None:
    assert allowed_drivers(raw) == names


def test_a_secret_is_a_file_or_a_credential_of_systemd() -> None:
    assert secret_path("/etc/password", None) == "/etc/password"
    assert secret_path("credential:mqtt-key", "/run/credentials/x") == "/run/credentials/x/mqtt-key"
    with pytest.raises(ConfigurationError) as caught:
        secret_path("credential:mqtt-key", None)
    assert caught.value.faults[0].reason == "config-no-credentials"


TABLES = ["hub", "store", "mqtt", "device", "drivers", "delivery", "bluetooth"]
KEYS = [*TABLES, "name", "driver", "transport", "port", "address", "host", "insecure_plaintext", "allow", "mode"]
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=15,
)


@given(st.dictionaries(st.sampled_from(TABLES), anything))
def test_whatever_stands_in_a_file_it_is_refused_with_faults_and_never_crashes(raw: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(raw, DRIVERS, frozenset(["blood-pressure"]))
    assert all(fault.reason in all_texts() for fault in caught.value.faults)


def test_a_driver_that_is_opt_in_must_be_asked_for() -> None:
    """An unofficial driver never serves a patient by accident: it must be named in `drivers.opt_in`."""
    known = {"omron": ("ble", frozenset({"records"}))}
    device = {"name": "cuff", "driver": "omron", "transport": "ble", "address": "AA:BB:CC:DD:EE:FF"}
    raw = parse(HEAD) | {"device": [device]}
    with pytest.raises(ConfigurationError) as caught:
        load(raw, known, {"omron"})
    assert [(f.path, f.reason) for f in caught.value.faults] == [("device[0].driver", "config-opt-in")]
    settings = load(raw | {"drivers": {"opt_in": ["omron"]}}, known, {"omron"})
    assert settings.device[0].driver == "omron"


@pytest.mark.parametrize("line", ["9600 8N1", "2400 7E1", "115200 8O2"])
def test_line_settings_are_written_as_people_write_them(line: str) -> None:
    """Speed, bits, parity, stop bits: as a manual prints them."""
    assert parse_line(line) == Line(int(line.split(maxsplit=1)[0]), int(line[-3]), line[-2], int(line[-1]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after", "path", "reason"),
    [
        ('"hub-0042"', '"hub-13717404089"', "hub.id", "personal-national-number"),
        ('"skien"', '"tlf-91234567"', "hub.tenant", "personal-phone-number"),
        ('"stuevekt"', '"Kari Nordmann"', "device[0].name", "personal-person-name"),
        ('"stuevekt"', '"vekt i Storgata 5"', "device[0].name", "personal-street-address"),
        ('"/var/lib/dho-gateway"', '"/var/lib/137174 04089"', "store.path", "personal-national-number"),
        ('host = "127', 'ca_file = "kari@skien.no"\nhost = "127', "mqtt.ca_file", "personal-e-mail-address"),
        ('"stuevekt"', '"vekt"\nusers = ["13717404089"]', "device[0].users[0]", "personal-national-number"),
    ],
)  # fmt: skip
def test_nothing_that_points_to_a_person_enters_by_the_configuration(
    before: str, after: str, path: str, reason: str
) -> None:
    text = HEAD + SERIAL
    assert before in text
    assert (path, reason) in faults(text.replace(before, after, 1))


def test_numbers_that_the_hardware_has_of_itself_are_no_persons() -> None:
    assert faults(HEAD + SERIAL.replace("usb-1", "usb-1a86_13717404089-if00")) == []
