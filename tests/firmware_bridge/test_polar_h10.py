import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.heart_rate import heart_rate_bytes, parse_heart_rate
from firmware_bridge.devices.polar_h10 import FS_HZ, Channel, PolarH10Decoder
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS, ecg_frame
from firmware_bridge.packets import Battery, Damage, HeartRate, SampleBlock

ECG, HEART_RATE, BATTERY = Channel.ECG, Channel.HEART_RATE, Channel.BATTERY
MICROVOLTS = arrays(np.int32, st.integers(1, 200), elements=st.integers(-(2**23), 2**23 - 1))
TIMES_NS = st.integers(0, 2**64 - 1)


def frame_at(end_sample: int, n: int = 73) -> bytes:
    samples = np.arange(end_sample - n, end_sample, dtype=np.int32)
    return ecg_frame(samples, DEVICE_EPOCH_NS + round(end_sample * 1e9 / FS_HZ))


def decoded_blocks(decoder: PolarH10Decoder, *frames: bytes) -> list[SampleBlock]:
    packets = [packet for frame in frames for packet in decoder.feed(frame, ECG)]
    return [packet for packet in packets if isinstance(packet, SampleBlock)]


def test_the_vector_of_the_sdk():
    (block,) = PolarH10Decoder().feed(bytes.fromhex("00 0094357700000000 00 0280FF 028000"))
    assert block.counts.tolist() == [[-32766], [32770]]
    assert block.last_sample_ns == 2_000_000_000
    assert block.lost_before == 0


@given(MICROVOLTS, TIMES_NS)
def test_decoder_undoes_encoder(uv, last_sample_ns):
    (block,) = PolarH10Decoder().feed(ecg_frame(uv, last_sample_ns), ECG)
    assert np.array_equal(block.counts[:, 0], uv)
    assert block.last_sample_ns == last_sample_ns
    assert block.counts.dtype == np.int32


@given(st.lists(st.tuples(st.binary(max_size=260), st.sampled_from([ECG, HEART_RATE, BATTERY, "", "other"]))))
def test_garbage_never_raises_and_is_always_told(messages):
    decoder = PolarH10Decoder()
    for payload, channel in messages:
        assert decoder.feed(payload, channel)


@given(MICROVOLTS, st.binary(min_size=1, max_size=2))
def test_trailing_bytes_are_damage_and_the_next_frame_is_whole(uv, tail):
    decoder = PolarH10Decoder()
    frame = ecg_frame(uv, 0)
    (damage,) = decoder.feed(frame + tail, ECG)
    assert isinstance(damage, Damage)
    assert damage.n_bytes == len(frame) + len(tail)
    (block,) = decoder.feed(frame, ECG)
    assert np.array_equal(block.counts[:, 0], uv)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", "too short"),
        ("00 0000000000000000 00", "too short"),
        ("02 0000000000000000 00 010203", "measurement type 2"),
        ("00 0000000000000000 80 010203", "compressed"),
        ("00 0000000000000000 01 010203", "frame type 1"),
        ("00 0000000000000000 00 0102", "whole number"),
    ],
)
def test_damage_says_why(frame, reason):
    (damage,) = PolarH10Decoder().feed(bytes.fromhex(frame), ECG)
    assert isinstance(damage, Damage)
    assert reason in damage.reason


@given(st.lists(st.booleans(), min_size=3, max_size=300))
def test_lost_frames_are_counted_exactly(kept):
    frames = [frame_at(73 * (i + 1)) for i in range(len(kept))]
    blocks = decoded_blocks(PolarH10Decoder(), *(f for f, keep in zip(frames, kept, strict=True) if keep))
    position = None
    for block in blocks:
        first = int(block.counts[0, 0])
        assert block.lost_before == (0 if position is None else first - position)
        position = first + len(block.counts)


@pytest.mark.parametrize("step_s", [-5.0, -0.5615, 0.0, 8 * 86_400.0])
def test_a_clock_that_jumps_is_told_and_followed(step_s):
    decoder = PolarH10Decoder()
    start_ns = DEVICE_EPOCH_NS + 10**10
    decoder.feed(ecg_frame(np.zeros(73, np.int32), start_ns), ECG)
    jumped_ns = start_ns + round(step_s * 1e9)
    damage, block = decoder.feed(ecg_frame(np.zeros(73, np.int32), jumped_ns), ECG)
    assert isinstance(damage, Damage)
    assert "clock" in damage.reason
    assert (block.lost_before, block.last_sample_ns) == (0, jumped_ns)
    (following,) = decoder.feed(ecg_frame(np.zeros(73, np.int32), jumped_ns + round(73e9 / FS_HZ)), ECG)
    assert following.lost_before == 0


def test_an_outage_is_counted_by_the_clock_that_runs_on():
    decoder = PolarH10Decoder()
    decoder.feed(frame_at(73), ECG)
    decoder.reset()
    (block,) = decoder.feed(frame_at(73 * 1000), ECG)
    assert block.lost_before == 73 * 998


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("16 48 0004", HeartRate(72, (1000.0,), contact=True)),
        ("14 48 0004", HeartRate(72, (1000.0,), contact=False)),
        ("10 48 0004 0002", HeartRate(72, (1000.0, 500.0), contact=None)),
        ("01 2C01", HeartRate(300)),
        ("18 48 0500 0004", HeartRate(72, (1000.0,))),
        ("08 48 0500", HeartRate(72)),
    ],
)
def test_heart_rate_measurement(value, expected):
    assert PolarH10Decoder().feed(bytes.fromhex(value), HEART_RATE) == [expected]


@pytest.mark.parametrize("value", ["", "16", "16 48 00", "01 48", "18 48 05"])
def test_damaged_heart_rate(value):
    assert isinstance(parse_heart_rate(bytes.fromhex(value)), Damage)


@given(
    st.integers(0, 65_535),
    st.lists(st.integers(0, 65_535), max_size=9),
    st.sampled_from([None, True, False]),
)
def test_heart_rate_round_trip(bpm, ticks, contact):
    told = HeartRate(bpm, tuple(tick * 1000 / 1024 for tick in ticks), contact)
    assert parse_heart_rate(heart_rate_bytes(told)) == told


def test_battery():
    decoder = PolarH10Decoder()
    assert decoder.feed(b"\x57", BATTERY.upper()) == [Battery(87)]
    assert isinstance(decoder.feed(b"\x65", BATTERY)[0], Damage)
    assert isinstance(decoder.feed(b"", BATTERY)[0], Damage)


def test_devices_are_named_as_they_call_themselves():
    assert all(name == support.device.name for name, support in DEVICES.items())
    assert all(support.ble or support.serial for support in DEVICES.values())
