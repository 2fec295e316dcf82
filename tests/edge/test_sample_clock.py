import numpy as np
import pytest

from edge.sample_clock import SampleClock
from edge.stream import NS_PER_S
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

H10 = Device("Polar H10", 130.0, ("ECG",), 1000.0)
HOST_NS = 1_790_000_000 * NS_PER_S
DEVICE_NS = 599_616_000 * NS_PER_S  # 2019-01-01, where an H10 begins after a power-down


def block(n: int, last_ns: int | None, lost: int = 0) -> SampleBlock:
    return SampleBlock(np.zeros((n, 1), np.int32), last_ns, lost)


def frames(n_frames: int, rate_hz: float, jitter_ms: float = 0.0):
    """Frames of 73 samples, each with the device's and the host's time at its arrival."""
    rng = np.random.default_rng(0)
    for i in range(1, n_frames + 1):
        elapsed_ns = round(i * 73 / rate_hz * NS_PER_S)
        late_ns = round(rng.exponential(jitter_ms) * 1e6) if jitter_ms else 0
        yield block(73, DEVICE_NS + elapsed_ns), HOST_NS + elapsed_ns + late_ns


def test_radio_jitter_does_not_reach_the_samples() -> None:
    clock = SampleClock(H10)
    placed = [clock.place(b, host).block for b, host in frames(400, 130.0, jitter_ms=80)]
    steps_ns = np.diff([b.start_ns for b in placed])
    assert abs(steps_ns - 73 / 130 * NS_PER_S).max() < 4e6
    true_start_ns = HOST_NS + round(399 * 73 / 130 * NS_PER_S)
    assert abs(placed[-1].start_ns - true_start_ns) < 0.03 * NS_PER_S


def test_indices_have_no_false_gaps_when_the_crystal_is_off() -> None:
    """A user's H10 ran at 130.061 Hz: indices stay dense while UTC follows the device."""
    clock = SampleClock(H10)
    placed = [clock.place(b, host) for b, host in frames(2000, 130.061)]
    assert [p.block.first_index for p in placed] == list(range(0, 73 * 2000, 73))
    true_s = 1999 * 73 / 130.061
    assert (placed[-1].block.start_ns - placed[0].block.start_ns) / NS_PER_S == pytest.approx(
        true_s, abs=0.02
    )


def test_lost_frames_move_index_and_time() -> None:
    clock = SampleClock(H10)
    first = clock.place(block(73, DEVICE_NS), HOST_NS).block
    later = clock.place(block(73, DEVICE_NS + round(219 / 130 * NS_PER_S), lost=146), HOST_NS + NS_PER_S)
    assert (later.lost_samples, later.block.first_index) == (146, 219)
    assert (later.block.start_ns - first.start_ns) / NS_PER_S == pytest.approx(219 / 130, abs=0.02)


def test_outage_is_measured_by_the_device_and_else_by_the_host() -> None:
    for device_ns, lost in (
        (DEVICE_NS + 60 * NS_PER_S, 60 * 130 - 73),
        (DEVICE_NS - 5 * NS_PER_S, 61 * 130 - 73),
    ):
        clock = SampleClock(H10)
        clock.place(block(73, DEVICE_NS), HOST_NS)
        clock.link_lost()
        assert clock.place(block(73, device_ns), HOST_NS + 61 * NS_PER_S).lost_samples == lost


def test_a_jump_of_the_device_clock_is_told_and_does_not_move_utc() -> None:
    clock = SampleClock(H10)
    clock.place(block(73, DEVICE_NS), HOST_NS)
    jumped = clock.place(block(73, DEVICE_NS + 1000 * NS_PER_S), HOST_NS + NS_PER_S)
    assert jumped.clock_complaint == "the device's clock jumped by 999.4 s"
    assert abs(jumped.block.start_ns - HOST_NS) < NS_PER_S


def test_without_a_device_clock_the_rate_is_believed_and_scale_is_applied() -> None:
    clock = SampleClock(Device("x", 100.0, ("I",), adc_gain=200.0, baseline=512), start_ns=HOST_NS)
    counts = np.full((50, 1), 712, np.int32)
    blocks = [clock.place(SampleBlock(counts), HOST_NS + i) for i in range(3)]
    assert [b.block.start_ns - HOST_NS for b in blocks] == [0, NS_PER_S // 2, NS_PER_S]
    assert blocks[0].block.ecg_uv.max() == 1000


def test_a_step_of_the_computers_clock_moves_no_sample() -> None:
    """NTP sets the clock an hour forward, or back: times go on as before, and going back is told."""
    for step_s, told in ((3600, "disagree by 3600 s"), (-3600, "set back by 3600.0 s")):
        clock = SampleClock(H10)
        placed = []
        for i, (one, host_ns) in enumerate(frames(600, 130.0, jitter_ms=15)):
            placed.append(clock.place(one, host_ns + (step_s * NS_PER_S if i >= 300 else 0)))
        steps_ns = np.diff([p.block.start_ns for p in placed])
        assert abs(steps_ns - 73 / 130 * NS_PER_S).max() < 4e6
        assert [told in (p.clock_complaint or "") for p in placed].count(True) == 1


def test_a_backlog_that_is_sent_late_is_no_error_of_the_clock() -> None:
    """Straps send their first half minute late and at once: time is right again within minutes."""
    clock = SampleClock(H10)
    errors_s = []
    for i, (one, host_ns) in enumerate(frames(2000, 130.0)):
        late_ns = max(0, 25 * NS_PER_S - i * NS_PER_S // 2)
        block_ns = clock.place(one, host_ns + late_ns).block.start_ns
        errors_s.append((block_ns - (host_ns - round(72 / 130 * NS_PER_S))) / NS_PER_S)
    assert max(map(abs, errors_s[-200:])) < 0.02
    assert min(np.diff(errors_s)) > -73 / 130


def test_the_rate_is_found_with_and_without_a_clock_of_the_device() -> None:
    clock = SampleClock(H10)
    for one, host_ns in frames(2000, 130.061, jitter_ms=15):
        clock.place(one, host_ns)
    assert clock.fs_hz == pytest.approx(130.061, abs=0.002)
    bare = SampleClock(H10)
    for one, host_ns in frames(2000, 128.4, jitter_ms=15):
        bare.place(SampleBlock(one.counts), host_ns)
    assert bare.fs_hz == pytest.approx(128.4, abs=0.01)
