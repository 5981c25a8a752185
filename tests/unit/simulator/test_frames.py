"""What virtual devices send is what real ones sent, and what the drivers read back."""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import Measurement
from drivers.ble import (
    body_composition,
    glucose,
    glucose_context,
    heart_rate,
    pressure,
    pulse_oximeter,
    thermometer,
    weight_scale,
)
from gateway.simulator import frames


def when(*parts: int) -> datetime:
    """A device's own time."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("frame", "sent"),
    [
        pytest.param(
            frames.spot_check(97, 96, when(2017, 1, 1, 1, 34, 19), status=0x20, sensor=0x20, clock_not_set=True),
            "1761006000e10701010122132000200000",
            id="plx-choicemmed-spot",
        ),
        pytest.param(
            frames.blood_pressure(134, 77, 100, when(2017, 1, 16, 13, 0, 24), pulse=61, status=0),
            "1686004d006400e10701100d00183d000000",
            id="ua651-09",
        ),
        pytest.param(frames.blood_pressure(120, 80, 93), "00780050005d00", id="bps-librearm-1"),
        pytest.param(
            frames.weight("79.96", when(2026, 5, 12, 18, 53, 54), user=1, bmi="23.8", height="1.83"),
            "0e783eea07050c12353601ee002607",
            id="wss-bf720",
        ),
        pytest.param(
            frames.temperature("37.60", when(2012, 12, 5, 11, 50, 27), site=4),
            "06b00e00fedc070c050b321b04",
            id="ht-nordic",
        ),
        pytest.param(frames.heart_rate(85), "0055", id="hrs-simple"),
    ],
)
def test_an_encoder_gives_the_bytes_a_real_device_sent(frame: bytes, sent: str) -> None:
    assert frame.hex() == sent


def values(found: Measurement | None) -> dict[str, object]:
    """Values by quantity."""
    assert found is not None
    return {sample.quantity.type: sample.value for sample in found.samples}


@given(mantissa=st.integers(-2045, 2045), decimals=st.integers(0, 8))
def test_any_short_float_that_fits_is_read_back_with_its_decimals(mantissa: int, decimals: int) -> None:
    value = Decimal(mantissa).scaleb(-decimals)
    word = int.from_bytes(frames.sfloat(value), "little")
    exponent, digits = word >> 12, word & 0xFFF
    assert (exponent - 16 if exponent > 7 else exponent) == -decimals
    assert (digits - 4096 if digits > 2047 else digits) == mantissa


@pytest.mark.parametrize("value", ["NaN", "2046", "-2046", "0.123456789"])
def test_a_number_that_does_not_fit_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=value):
        frames.sfloat(value)


def test_the_drivers_read_what_the_encoders_wrote() -> None:
    noon = when(2026, 3, 1, 12, 0, 0)
    spot = pulse_oximeter.spot_check(frames.spot_check("96.5", 61, noon))
    assert list(values(spot).values()) == [Decimal("96.5"), 61]
    assert spot is not None
    assert spot.device_time == noon
    assert Decimal(128) in values(pressure.measurement(frames.blood_pressure(128, 82, pulse=64, user=2))).values()
    failed = pressure.measurement(frames.failed_blood_pressure(noon))
    assert failed is not None
    assert failed.failed
    assert Decimal("81.350") in values(weight_scale.measurement(frames.weight("81.35"))).values()
    assert Decimal("37.0") in values(thermometer.measurement(frames.temperature("37.0"))).values()
    assert Decimal(300) in values(heart_rate.measurement(frames.heart_rate(300, contact=True))).values()
    assert Decimal("5.5") in values(glucose.measurement(frames.glucose(1, noon, "5.5", offset=-60, status=0))).values()
    assert glucose_context.context(frames.glucose_context(1, meal=2)).record == 1
    body = frames.body_composition("22.1", noon, user=1, water="43.25", ohms=452, kilograms="71.5")
    assert {Decimal("22.1"), Decimal("43.250"), Decimal("452.0")} <= set(
        values(body_composition.measurement(body)).values()
    )


@given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)))  # noqa: DTZ001 (a device's clock has no zone)
def test_a_time_written_to_a_device_is_the_time_it_reads(moment: datetime) -> None:
    read = frames.read_current_time(frames.current_time(moment))
    assert abs(read - moment).total_seconds() <= 1 / 256


@pytest.mark.parametrize("data", [b"", bytes(9), bytes(10), b"\xea\x07\x0d\x01\x00\x00\x00\x01\x00\x00"])
def test_a_time_that_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"bytes|year|month"):
        frames.read_current_time(data)
