"""Supported devices made of software, at the far end of a real Bluetooth stack; a sample is its own index."""

import asyncio
import itertools

import numpy as np
import pytest
import wfdb

from firmware_bridge.devices import DEVICES
from firmware_bridge.packets import Battery, Damage, HeartRate, LinkLost, LinkRestored, SampleBlock
from firmware_bridge.transports import open_transport

pytestmark = pytest.mark.end_to_end


async def heard(uri, is_enough, longest_s=90):
    """Packets up to and with the first of which this is true."""
    got = []
    async with asyncio.timeout(longest_s), open_transport(uri) as transport:
        async for received in transport.packets():
            got.append(received.packet)
            if is_enough(received.packet):
                return got
    raise AssertionError("the source ended")


def indices(block, device):
    """The index that each sample is, the same on every lead."""
    uv = np.rint((block.counts - device.baseline) * 1000 / device.adc_gain).astype(int)
    assert (uv == uv[:, :1]).all()
    return uv[:, 0]


@pytest.mark.parametrize("name", ["movesense", "ganglion"])
async def test_losses_are_counted_and_a_cut_link_comes_back(name, virtual_ble, index_record):
    device = DEVICES[name].device
    n = round(35 * device.fs_hz)
    trouble = ("--speed", 15, "--drop", 0.05, "--cut-after", 8, "--cut-for", 10, "--battery", 41)
    process, uri = virtual_ble(name, index_record(n, device.fs_hz), *trouble)

    def is_near_the_end(packet):
        return isinstance(packet, SampleBlock) and indices(packet, device)[-1] > 0.9 * n

    packets = await heard(uri, is_near_the_end)
    process.says("ECG stopped by the central")
    process.says("disconnected", times=2)
    assert (Battery(41) in packets) == bool(DEVICES[name].ble.battery)
    told = [packet for packet in packets if isinstance(packet, LinkLost | LinkRestored)]
    assert [type(packet) for packet in told] == [LinkLost, LinkRestored]
    restored = packets.index(told[1])
    lost = 0
    for part in (packets[:restored], packets[restored:]):
        blocks = [packet for packet in part if isinstance(packet, SampleBlock)]
        place = indices(blocks[0], device)[0]
        for block in blocks:
            place += block.lost_before if block is not blocks[0] else 0
            assert indices(block, device).tolist() == list(range(place, place + len(block.counts)))
            place += len(block.counts)
            lost += block.lost_before
    assert lost > 0
    assert not [packet for packet in packets if isinstance(packet, Damage)]


async def test_a_strap_without_waveform_stays_alive_by_its_heart_rates(virtual_ble, index_record, tmp_path):
    beats = np.zeros((250 * 60, 1))
    beats[100::200] = 1.0
    wfdb.wrsamp(
        "pulse", fs=250, units=["mV"], sig_name=["ECG"], p_signal=beats, fmt=["16"], write_dir=str(tmp_path)
    )
    _, uri = virtual_ble("heart_rate", tmp_path / "pulse", "--speed", 10)
    seen = itertools.count()
    packets = await heard(f"{uri}&silence=2", lambda p: isinstance(p, HeartRate) and next(seen) > 40)
    assert not [packet for packet in packets if isinstance(packet, LinkLost | SampleBlock | Damage)]
    rates = [packet for packet in packets if isinstance(packet, HeartRate)]
    assert {round(rr_ms, 0) for packet in rates[5:] for rr_ms in packet.rr_ms} == {800}
    assert all(packet.contact for packet in rates)


def test_a_link_too_narrow_for_the_ecg_says_so(virtual_ble, index_record, hearth_devices):
    _, uri = virtual_ble("movesense", index_record(128, 128), "--mtu", 60)
    watch = hearth_devices("watch", uri)
    watch.says("messages of 60 bytes (MTU), and the ECG needs 73")


def test_another_device_with_the_same_characteristics_is_turned_away(
    virtual_ble, index_record, hearth_devices
):
    _, uri = virtual_ble("movesense_activity", index_record(250, 250), "--name", "Mesh Proxy 00000001")
    watch = hearth_devices("watch", f"{uri}&timeout=8")
    assert watch.ends() == 2
    assert "Mesh Proxy 00000001 is no Movesense: its name is another" in watch.log[-1]


def test_a_device_is_found_asked_recorded_and_replayed(virtual_ble, index_record, hearth_devices, tmp_path):
    _, uri = virtual_ble("ganglion", index_record(200 * 60, 200), "--speed", 2)
    hci = uri.partition("hci=")[2]
    info = hearth_devices("info", "Ganglion 00000001", "--hci", hci)
    assert info.ends() == 0
    told = [line.strip() for line in info.log]
    assert {"software: 3.0.0", "battery: 87 %", "MTU: 247", uri} <= set(told)
    capture = tmp_path / "a capture"
    record = hearth_devices("record", uri, capture, "--seconds", 8)
    assert record.ends() == 0
    assert "?device=ganglion" in record.log[-1]
    replay = hearth_devices("replay", capture, "--device", "ganglion", "--speed", "max")
    assert replay.ends() == 0
    samples = [int(log.split("samples")[0].split()[-1]) for log in (record.log[-2], replay.log[-1])]
    assert 0 < samples[0] <= samples[1] < samples[0] + 100
    again = hearth_devices("record", uri, capture)
    assert again.ends() == 2
    assert "is there already" in again.log[-1]


@pytest.mark.parametrize("name", ["polar_h10", "movesense"])
async def test_a_device_that_asks_for_it_is_paired_with(name, virtual_ble, index_record, caplog):
    device = DEVICES[name].device
    record = index_record(round(60 * device.fs_hz), device.fs_hz)
    process, uri = virtual_ble(name, record, "--pairing", "--speed", 4)
    caplog.set_level("INFO")
    packets = await heard(uri, lambda packet: isinstance(packet, SampleBlock))
    assert indices(packets[-1], device)[0] == 0
    assert not [packet for packet in packets if isinstance(packet, LinkLost | Damage)]
    assert [record.message for record in caplog.records if "pairing" in record.message]
    process.says("ECG stopped by the central")
