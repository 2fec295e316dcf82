"""Heart rate messages and battery levels, read by Hearth, polar-python, bleakheart and bumble."""

import asyncio

import pytest
from bumble.profiles.heart_rate_service import HeartRateService
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.battery_level import parse_battery
from firmware_bridge.devices.heart_rate import parse_heart_rate
from firmware_bridge.packets import Battery, Damage

bleakheart = pytest.importorskip("bleakheart", reason="bleakheart is not installed")
parsers = pytest.importorskip("polar_python.parsers", reason="polar-python is not installed")

WIDE, CONTACT, CONTACT_KNOWN, ENERGY, RR = 1, 2, 4, 8, 16
TICKS = st.lists(st.integers(0, 65_535), max_size=9)


def message(flags, bpm, energy, ticks):
    """As the service's document has it; RR only where its flag is set."""
    octets = bytes([flags]) + bpm.to_bytes(2 if flags & WIDE else 1, "little")
    octets += energy.to_bytes(2, "little") if flags & ENERGY else b""
    return octets + b"".join(tick.to_bytes(2, "little") for tick in ticks if flags & RR)


MESSAGES = st.builds(
    message, st.integers(0, 31), st.integers(0, 255), st.integers(0, 65_535), TICKS
) | st.builds(
    message, st.integers(0, 31).map(lambda flags: flags | WIDE), st.integers(0, 65_535), st.just(7), TICKS
)  # fmt: skip


@given(MESSAGES)
def test_bleakheart_hears_the_same(octets):
    """Its intervals are rounded to whole milliseconds."""
    ours = parse_heart_rate(octets)
    theirs = bleakheart.HeartRate(None, callback=print)._decode(bytearray(octets))
    assert ours.bpm == theirs["hr"]
    assert [round(rr) for rr in ours.rr_ms] == theirs.get("rr", [])
    assert ours.contact is theirs.get("contact")


@given(MESSAGES)
def test_bumble_hears_the_same(octets):
    """Bumble tells intervals in seconds."""
    ours = parse_heart_rate(octets)
    theirs = HeartRateService.HeartRateMeasurement.from_bytes(octets)
    assert ours.bpm == theirs.heart_rate
    assert ours.contact is theirs.sensor_contact_detected
    assert ours.rr_ms == pytest.approx([rr * 1000 for rr in theirs.rr_intervals or ()])


@given(st.integers(0, 255), TICKS, st.sampled_from([0, CONTACT_KNOWN, CONTACT | CONTACT_KNOWN]))
def test_polar_python_hears_the_same(bpm, ticks, contact):
    """As an H10 sends it: polar-python takes neither the wide rate nor the energy into account."""
    octets = message(contact | RR, bpm, 0, ticks)
    ours, theirs = parse_heart_rate(octets), parsers.parse_hr_data(bytearray(octets))
    assert (ours.bpm, list(ours.rr_ms)) == (theirs.heartrate, theirs.rr_intervals)


class Held:
    """A strap of which one characteristic can be read."""

    def __init__(self, value):
        self._value = value

    async def read_gatt_char(self, _uuid):
        return bytearray(self._value)


@given(st.integers(0, 255))
def test_bleakheart_reads_the_same_battery(percent):
    """More than 100 % is damage to us, and a figure to bleakheart."""
    theirs = asyncio.run(bleakheart.BatteryLevel(Held([percent])).read())
    ours = parse_battery(bytes([percent]))
    assert ours == Battery(theirs) if percent <= 100 else isinstance(ours, Damage)
