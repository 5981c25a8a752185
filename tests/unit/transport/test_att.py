"""ATT PDUs: what is said in them is read, what is no PDU is refused, and nothing breaks the reader."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.ble import att

PRESSURE = "00002a35-0000-1000-8000-00805f9b34fb"
VENDOR = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
VENDOR_BYTES = bytes.fromhex(VENDOR.replace("-", ""))[::-1]


def h(text: str) -> bytes:
    return bytes.fromhex(text)


@pytest.mark.parametrize(
    ("pdu", "said"),
    [
        ("1d 0300 16 7800", att.Value(3, h("167800"), indicated=True)),
        ("1b ff00", att.Value(0xFF, b"", indicated=False)),
        ("01 08 0100 0a", att.Refusal(0x08, att.ATTRIBUTE_NOT_FOUND)),
        ("03 f700", att.Answer(0x02, h("f700"))),
        ("05 01 0400 0229", att.Answer(0x04, h("0104000229"))),
        ("09 07", att.Answer(0x08, h("07"))),
        ("0b", att.Answer(0x0A, b"")),
        ("13", att.Answer(0x12, b"")),
        ("52 0300 01", None),
        ("d2 0300 01", None),
        ("1e", None),
        ("23 0300 0100 01", None),
    ],
)
def test_what_a_server_says_is_read(pdu: str, said: att.Pdu | None) -> None:
    """Core Specification, Vol 3, Part F, 3.4.1 to 3.4.8."""
    assert att.parse(h(pdu)) == said


@pytest.mark.parametrize(
    ("pdu", "reply"),
    [
        ("02 f700", "03 0502"),
        ("0a 0300", "01 0a 0000 06"),
        ("08 0100 ffff 002a", "01 08 0000 06"),
        ("20 0100 0200", "01 20 0000 06"),
    ],
)
def test_a_server_that_asks_is_told_our_mtu_and_that_we_have_nothing(pdu: str, reply: str) -> None:
    assert att.parse(h(pdu)) == att.Asked(h(reply))


@pytest.mark.parametrize(
    "pdu", ["", "00", "1d", "1d 03", "01 08 0100", "01 08 0100 0a 00", "07", "1f", "1d" + "00" * 517]
)
def test_what_is_no_pdu_is_refused(pdu: str) -> None:
    with pytest.raises(att.MalformedError):
        att.parse(h(pdu))


@given(st.binary(max_size=600))
def test_any_bytes_are_read_or_refused(pdu: bytes) -> None:
    try:
        said = att.parse(pdu)
    except att.MalformedError:
        return
    if isinstance(said, att.Value):
        assert pdu[3:] == said.data
    if isinstance(said, att.Asked):
        assert 0 < len(said.reply) <= att.DEFAULT_MTU


@given(st.binary(max_size=60))
def test_any_parameters_are_read_or_refused(data: bytes) -> None:
    for parse in (att.declarations, att.descriptors, att.mtu):
        try:
            found = parse(data)
        except att.MalformedError:
            continue
        assert found


def test_requests_are_built_as_the_specification_has_them() -> None:
    """Part F, 3.4.2.1, 3.4.4.1, 3.4.3.1, 3.4.4.3, 3.4.5.1, 3.4.5.3, 3.4.7.3."""
    assert att.exchange_mtu() == h("02 0502")
    assert att.read_by_type(1, att.CHARACTERISTIC) == h("08 0100 ffff 0328")
    assert att.find_information(4, 9) == h("04 0400 0900")
    assert att.read(0x0203) == h("0a 0302")
    assert att.write(4, att.INDICATIONS) == h("12 0400 0200")
    assert att.write_command(4, att.NOTIFICATIONS) == h("52 0400 0100")
    assert att.parse(att.CONFIRMATION) is None


@pytest.mark.parametrize(("theirs", "then"), [(5, 23), (23, 23), (247, 247), (0xFFFF, 517)])
def test_the_mtu_is_the_smaller_of_both_and_never_below_the_least(theirs: int, then: int) -> None:
    assert att.mtu(theirs.to_bytes(2, "little")) == then


def test_characteristics_are_found_with_short_and_long_names() -> None:
    """Part G, 3.3.1: properties, where the value is, and what it is."""
    assert att.declarations(h("07 0200 20 0300 352a 0500 12 0600 362a")) == [
        att.Declaration(2, 3, PRESSURE, notifies=False, indicates=True),
        att.Declaration(5, 6, "00002a36-0000-1000-8000-00805f9b34fb", notifies=True, indicates=False),
    ]
    assert att.declarations(h("15 0200 30 0300") + VENDOR_BYTES) == [
        att.Declaration(2, 3, VENDOR, notifies=True, indicates=True)
    ]


def test_descriptors_are_found_with_short_and_long_names() -> None:
    assert att.descriptors(h("01 0400 0229 0500 0129")) == [
        (4, att.CLIENT_CONFIGURATION),
        (5, "00002901-0000-1000-8000-00805f9b34fb"),
    ]
    assert att.descriptors(h("02 0400") + VENDOR_BYTES) == [(4, VENDOR)]


@pytest.mark.parametrize("data", ["", "07", "08 00", "07 0200 20 0300 35"])
def test_a_list_of_characteristics_that_does_not_come_out_is_refused(data: str) -> None:
    with pytest.raises(att.MalformedError):
        att.declarations(h(data))


@pytest.mark.parametrize("data", ["", "01", "03 0400 0229", "01 0400 02", "02 0400 0229"])
def test_a_list_of_descriptors_that_does_not_come_out_is_refused(data: str) -> None:
    with pytest.raises(att.MalformedError):
        att.descriptors(h(data))
