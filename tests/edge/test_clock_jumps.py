"""The computer's clock jumps back and forth while the link comes and goes: samples keep their place."""

from dataclasses import dataclass
from random import Random

import numpy as np
import pytest

from edge.sample_clock import SampleClock
from edge.stream import NS_PER_S, PlacedBlock
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

FS_HZ, N = 130.0, 73
PERIOD_NS = NS_PER_S / FS_HZ
DEVICE = Device("strap", FS_HZ, ("ECG",), 1000.0)
HOST_NS, DEVICE_NS = 1_790_000_000 * NS_PER_S, 599_616_000 * NS_PER_S


@dataclass
class Run:
    blocks: list[PlacedBlock]
    true_first: list[int]
    lost: int
    complaints: list[str]


def run(seed: int, *, has_device_clock: bool, outages: bool) -> Run:
    random, clock, out = Random(seed), SampleClock(DEVICE), Run([], [], 0, [])
    true, step_ns = 0, 0
    for _ in range(400):
        if random.random() < 0.02:
            step_ns += random.choice((-1, 1)) * random.randint(2, 100_000) * NS_PER_S
        if outages and random.random() < 0.02:
            clock.link_lost()
            true += random.randint(N, 3000)
        first, true = true, true + N
        last_ns = DEVICE_NS + round((true - 1) * PERIOD_NS) if has_device_clock else None
        host_ns = HOST_NS + round(true * PERIOD_NS) + round(random.expovariate(100) * NS_PER_S) + step_ns
        placement = clock.place(SampleBlock(np.zeros((N, 1), np.int32), last_ns), host_ns)
        out.blocks.append(placement.block)
        out.true_first.append(first)
        out.lost += placement.lost_samples
        out.complaints += filter(None, [placement.clock_complaint])
    return out


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("outages", [False, True])
def test_with_a_clock_in_the_device_every_sample_keeps_its_place(seed, outages) -> None:
    played = run(seed, has_device_clock=True, outages=outages)
    firsts = [block.first_index for block in played.blocks]
    drift = np.array(firsts) - np.array(played.true_first) + played.true_first[0]
    assert np.abs(drift).max() <= 40, "one sample an outage, no more"
    assert played.lost == firsts[-1] - N * (len(firsts) - 1)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("has_device_clock", [False, True])
def test_without_an_outage_samples_follow_each_other_in_utc_too(seed, has_device_clock) -> None:
    played = run(seed, has_device_clock=has_device_clock, outages=False)
    assert played.lost == 0
    starts_ns = np.array([block.start_ns for block in played.blocks])
    steps_s = np.diff(starts_ns) / NS_PER_S
    assert steps_s.min() > 0.9 * N / FS_HZ
    assert steps_s.max() < 1.1 * N / FS_HZ


@pytest.mark.parametrize("seed", range(30))
def test_without_a_clock_in_the_device_an_outage_never_turns_back(seed) -> None:
    played = run(seed, has_device_clock=False, outages=True)
    firsts = [block.first_index for block in played.blocks]
    assert (np.diff(firsts) >= N).all()
    assert played.lost == firsts[-1] - N * (len(firsts) - 1)


@pytest.mark.parametrize("back_s", [1, 3600, 10**9])
def test_a_restart_after_the_clock_went_back_follows_what_is_recorded(back_s) -> None:
    clock = SampleClock(DEVICE)
    clock.resume(5000, HOST_NS)
    placement = clock.place(SampleBlock(np.zeros((N, 1), np.int32), None), HOST_NS - back_s * NS_PER_S)
    assert placement.lost_samples == 1
    assert placement.block.first_index == 5001
