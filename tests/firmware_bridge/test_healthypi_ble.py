import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices import healthypi_ble, heart_rate
from firmware_bridge.packets import Battery, Damage, HeartRate


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=16))
def test_as_many_samples_as_there_are(samples):
    decoder = healthypi_ble.SUPPORT.make_decoder()
    (block,) = decoder.feed(struct.pack(f"<{len(samples)}i", *samples), healthypi_ble.ECG)
    assert block.counts[:, 0].tolist() == samples
    assert (block.lost_before, block.last_sample_ns) == (0, None)


def test_v4_sends_nine_samples_and_nothing_else():
    decoder = healthypi_ble.SUPPORT_V4.make_decoder()
    (block,) = decoder.feed(struct.pack("<9h", *range(-4, 5)), healthypi_ble.ECG)
    assert block.counts[:, 0].tolist() == list(range(-4, 5))
    (damage,) = decoder.feed(struct.pack("<8h", *range(8)), healthypi_ble.ECG)
    assert isinstance(damage, Damage)
    assert decoder.feed(b"\x57", healthypi_ble.battery_level.CHANNEL) == [Battery(87)]


def test_a_strap_without_waveform_gives_intervals():
    decoder = heart_rate.SUPPORT.make_decoder()
    assert decoder.feed(bytes.fromhex("16 48 0004 0003")) == [HeartRate(72, (1000.0, 750.0), contact=True)]
    assert decoder.feed(b"\x2c", heart_rate.battery_level.CHANNEL) == [Battery(44)]
    (damage,) = decoder.feed(b"\x10", heart_rate.CHANNEL)
    assert isinstance(damage, Damage)


@given(st.lists(st.integers(205, 2**16 - 1), min_size=1, max_size=20))
def test_the_emulation_of_a_strap_is_undone(ticks):
    messages = heart_rate.SUPPORT.emulation.encode(np.array(ticks, np.int32).reshape(-1, 1), 0)
    decoder = heart_rate.SUPPORT.make_decoder()
    told = [packet for channel, value in messages for packet in decoder.feed(value, channel)]
    assert [round(packet.rr_ms[0] * 1.024) for packet in told] == ticks
