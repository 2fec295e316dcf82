"""One capture of each device, made by `make_captures.py`: its decoder says today what it said then."""

import json
from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.capture import DamagedBytes, read_capture
from firmware_bridge.devices import DEVICES
from firmware_bridge.packets import SampleBlock
from firmware_bridge.transports import open_transport
from tests.firmware_bridge.make_captures import (
    FOLDER,
    SECONDS,
    fed,
    played_uv,
    rate_option,
    said,
    support_of,
)

MOST_BYTES = 48_000
every_device = pytest.mark.parametrize("name", DEVICES)
streams = pytest.mark.parametrize("name", [name for name, support in DEVICES.items() if support.serial])
with_waveform = pytest.mark.parametrize("name", [n for n, support in DEVICES.items() if support.device.leads])
capture_of = (FOLDER / "{}.hcap").as_posix().format


def golden(name):
    return json.loads((FOLDER / f"{name}.json").read_text())


def chunks_of(name):
    chunks = list(read_capture(FOLDER / f"{name}.hcap"))
    assert not [chunk for chunk in chunks if isinstance(chunk, DamagedBytes)]
    return chunks


def test_every_device_has_a_capture_and_says_where_it_comes_from():
    kept = {path.stem for path in FOLDER.glob("*.hcap")}
    assert kept == {path.stem for path in FOLDER.glob("*.json")} == set(DEVICES)
    rows = (FOLDER / "README.md").read_text().splitlines()
    for name in DEVICES:
        assert len([row for row in rows if row.startswith(f"| `{name}` |")]) == 1, name


@every_device
async def test_what_replaying_says_is_what_was_kept(name):
    uri = f"capture://{capture_of(name)}?device={name}{rate_option(name)}&speed=max"
    async with open_transport(uri) as transport:
        packets = [received.packet async for received in transport.packets()]
    assert said(packets) == golden(name)


@streams
@pytest.mark.parametrize("size", [None, 1, 7, 64])
def test_a_stream_says_the_same_in_any_pieces(name, size):
    first, *rest = chunks_of(name)
    stream = b"".join(chunk.payload for chunk in (first, *rest))
    step = size or len(stream)
    pieces = [replace(first, payload=stream[at : at + step]) for at in range(0, len(stream), step)]
    assert said(fed(name, pieces)) == golden(name)


def played_counts(support):
    """Rows of leads that the device was given, each lead the same."""
    device, emulation = support.device, support.emulation
    counts = np.rint(played_uv(support) * (device.adc_gain / 1000)) + device.baseline
    within = counts.clip(emulation.least, emulation.most).astype(np.int32)
    return np.tile(within[:, None], (1, len(device.leads)))


def blocks_of(name):
    return [packet for packet in fed(name, chunks_of(name)) if isinstance(packet, SampleBlock)]


@with_waveform
def test_what_is_decoded_was_played(name):
    """Every sample in the order that the device was given it, and none else."""
    played = played_counts(support_of(name)).tolist()
    decoded = np.concatenate([block.counts for block in blocks_of(name)]).tolist()
    left = iter(played)
    assert all(row in left for row in decoded)
    assert 0.75 * len(played) < len(decoded) < len(played)


@pytest.mark.parametrize("name", [n for n, support in DEVICES.items() if support.emulation.longest_gap])
def test_what_is_lost_is_told_in_its_place(name):
    played = played_counts(support_of(name))
    told, at = [], 0
    for block in blocks_of(name):
        at += block.lost_before
        told.append((at, block.counts))
        at += len(block.counts)
    assert any(
        all(np.array_equal(counts, played[start + at : start + at + len(counts)]) for at, counts in told)
        for start in range(len(played) - at + 1)
    )
    assert golden(name)["lost"] > 0


@every_device
def test_each_capture_is_small_and_shows_a_fault(name):
    kept, support = golden(name), support_of(name)
    assert (FOLDER / f"{name}.hcap").stat().st_size < MOST_BYTES
    assert (kept["damaged"] > 0) == bool(support.serial)
    assert kept["battery"] == ([87] if support.ble and support.ble.battery else [])


def test_a_strap_without_waveform_lacks_the_beat_that_was_lost():
    rates = golden("heart_rate")["heart_rates"]
    at_75 = {bpm for bpm, _, _ in rates}, {contact for _, _, contact in rates}
    assert at_75 == ({75}, {True})
    assert {round(rr_ms / 10) for _, rr, _ in rates for rr_ms in rr} <= {79, 80}
    beats = SECONDS["heart_rate"] / 0.8
    assert len(rates) < beats - 1


def test_a_capture_of_a_device_without_a_rate_is_replayed_at_the_one_that_is_given(hearth_devices):
    capture = FOLDER / "ad8232.hcap"
    replay = hearth_devices("replay", capture, "--device", "ad8232", "--speed", "max", "--fs", 250)
    assert replay.ends() == 0
    assert "745 samples" in replay.log[-1]
