"""A day of a strap whose samples are their own index, from its frames to the recorder's disk and back.

Its crystal runs 50 ppm fast, its true rate is not the nominal one, every hundredth frame is lost, messages
come late by chance, and forty times the strap is out of range for up to twenty minutes.
"""

from dataclasses import dataclass

import numpy as np
import pytest

from edge.recorder import Recorder, RecorderSettings, clipped
from edge.sample_clock import SampleClock
from edge.segment_files import read_blocks
from edge.stream import NS_PER_S
from firmware_bridge.devices.polar_h10 import SUPPORT, PolarH10Decoder
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS, SAMPLES_PER_FRAME, ecg_frame

HOST_NS = 1_790_000_000 * NS_PER_S
TRUE_FS_HZ = 130.061
DRIFT = 50e-6
RAMP = 30_000  # samples are their index modulo this, which the recorder's 16 bits hold
LOST, OUTAGES, LATE_S = 0.01, 40, 0.015


@dataclass(frozen=True)
class Frame:
    """One that arrives: its last sample's index, whether the link was lost before it, its bytes and times."""

    end: int
    after_outage: bool
    payload: bytes
    sent_ns: int
    arrived_ns: int


def day(hours: float, seed: int = 0):
    rng = np.random.default_rng(seed)
    n_frames = int(hours * 3600 * TRUE_FS_HZ / SAMPLES_PER_FRAME)
    away = np.zeros(n_frames, bool)
    for start in rng.integers(200, n_frames - 2500, OUTAGES):
        away[start : start + rng.integers(10, 2100)] = True
    lost = rng.random(n_frames) < LOST
    was_away = False
    for i in range(n_frames):
        if away[i] or lost[i]:
            was_away |= bool(away[i])
            continue
        end = (i + 1) * SAMPLES_PER_FRAME
        device_s = end / TRUE_FS_HZ
        frame = ecg_frame(
            np.arange(end - SAMPLES_PER_FRAME, end) % RAMP, DEVICE_EPOCH_NS + round(device_s * 1e9)
        )
        sent_ns = HOST_NS + round(device_s / (1 + DRIFT) * 1e9)
        late_ns = round((rng.exponential(LATE_S) + 0.4 * (rng.random() < 0.01)) * 1e9)
        yield Frame(end, was_away, frame, sent_ns, sent_ns + late_ns)
        was_away = False


@pytest.mark.timeout(120)
def test_every_sample_of_a_day_is_where_it_was_and_when(tmp_path) -> None:
    decoder, clock = PolarH10Decoder(), SampleClock(SUPPORT.device)
    recorder = Recorder(tmp_path / "day", 130.0, ("ECG",), RecorderSettings(sync_every_s=600))
    sent_ns, n_lost, first = {}, 0, None
    for frame in day(24):
        if frame.after_outage:
            clock.link_lost()
        (block,) = decoder.feed(frame.payload)
        placement = clock.place(block, frame.arrived_ns)
        n_lost += placement.lost_samples
        first = frame.end - SAMPLES_PER_FRAME if first is None else first
        sent_ns[frame.end - SAMPLES_PER_FRAME - first] = frame.sent_ns
        recorder.append(clipped(placement.block)[0])
    recorder.close()

    errors_s, n_kept, end_ns = [], 0, 0
    for block in read_blocks(tmp_path / "day", 1):
        index = np.arange(block.first_index, block.stop_index)
        assert np.array_equal(block.ecg_uv[:, 0], (index + first) % RAMP), (
            "a sample was lost, doubled or moved"
        )
        assert block.start_ns >= end_ns - NS_PER_S / 130
        end_ns = block.start_ns + round(len(index) / TRUE_FS_HZ * NS_PER_S)
        true_ns = sent_ns[block.first_index] - round(72 / TRUE_FS_HZ / (1 + DRIFT) * NS_PER_S)
        errors_s.append((block.start_ns - true_ns) / NS_PER_S)
        n_kept += len(index)
    assert n_kept == len(sent_ns) * SAMPLES_PER_FRAME
    assert n_kept + n_lost == clock.next_index == max(sent_ns) + SAMPLES_PER_FRAME
    settled = np.abs(errors_s[110:])  # after the first minute
    assert settled.max() < 0.020
    assert np.abs(errors_s).max() < 0.1
    assert clock.fs_hz == pytest.approx(TRUE_FS_HZ * (1 + DRIFT), abs=0.001)
