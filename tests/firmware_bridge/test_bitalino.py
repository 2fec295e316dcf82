"""BITalino: frames by hand after its protocol table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.devices.bitalino import SUPPORT, bitalino_frame, crc4, support
from firmware_bridge.devices.support import RateError
from firmware_bridge.packets import SampleBlock


def fed(*chunks):
    decoder = SUPPORT.make_decoder()
    return [packet for chunk in chunks for packet in decoder.feed(chunk)]


def values_of(packets):
    return [v for packet in packets if isinstance(packet, SampleBlock) for v in packet.counts[:, 0].tolist()]


def test_a_frame_worked_out_on_paper():
    # 512: bit 9 alone, which x^11 = x^3 + x^2 + x (mod x^4 + x + 1) makes a CRC of 14
    assert bitalino_frame(0, 512) == bytes.fromhex("00 08 0E")
    assert crc4(bytes.fromhex("00 08 00")) == 14


@given(st.integers(0, 1023), st.integers(0, 15), st.integers(0, 23))
def test_every_single_bit_is_noticed(count, number, bit):
    frame = bytearray(bitalino_frame(number, count))
    frame[bit // 8] ^= 1 << bit % 8
    assert crc4(bytes(frame)) != frame[-1] & 0x0F


def test_digital_inputs_are_not_the_ecg():
    frames = []
    for number in range(4):
        raw = bytearray(bitalino_frame(number, 1023))
        raw[1] |= 0xF0
        raw[2] = raw[2] & 0xF0 | crc4(bytes(raw))
        frames.append(bytes(raw))
    assert values_of(fed(*frames)) == [1023] * 4


@given(st.integers(0, 47), st.lists(st.integers(0, 1023), min_size=16, max_size=16))
def test_a_stream_that_is_joined_anywhere_is_found(cut, counts):
    stream = b"".join(bitalino_frame(i, count) for i, count in enumerate(counts * 3))
    values = values_of(fed(stream[cut:]))
    assert values == (counts * 3)[len(counts * 3) - len(values) :]
    assert len(values) >= 48 - (cut + 2) // 3 - 1


def test_the_commands_say_rate_and_channel():
    assert SUPPORT.serial.start == bytes.fromhex("C3 09")  # 11 000011, then A2: 0000 1001
    assert support(100.0).serial.start == bytes.fromhex("83 09")
    assert SUPPORT.serial.stop == b"\x00"
    with pytest.raises(RateError, match="1000 or 100 Hz"):
        support(250.0)


def test_a_count_is_3_microvolts():
    assert 1000 / SUPPORT.device.adc_gain == pytest.approx(3.3 / 1024 / 1100 * 1e6)
