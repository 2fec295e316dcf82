"""A real bleak client against a virtual H10 in another process; every sample is its own index."""

import asyncio
import os
import signal

import numpy as np
import pytest
from bleak import BleakClient, BleakScanner

from firmware_bridge.devices import polar_h10, polar_pmd
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS
from firmware_bridge.devices.polar_pmd import Answer, Measurement, Status
from firmware_bridge.packets import Battery, LinkLost, LinkRestored, SampleBlock
from firmware_bridge.transport import TransportError
from firmware_bridge.transports import open_transport
from firmware_bridge.transports.ble_control import ControlPoint
from firmware_bridge.transports.ble_session import is_named
from firmware_bridge.transports.bluetooth import open_radio

pytestmark = pytest.mark.end_to_end


async def received(uri):
    async with asyncio.timeout(30), open_transport(uri) as transport:
        return [r.packet async for r in transport.packets()]


async def until(packets, kind):
    """What comes up to and with the first packet of this kind."""
    got = []
    async for r in packets:
        got.append(r.packet)
        if isinstance(r.packet, kind):
            return got
    raise AssertionError(f"ended without {kind}")


def positions_are_true(packets):
    """Check each block against its own samples and clock; samples got, samples lost."""
    blocks = [packet for packet in packets if isinstance(packet, SampleBlock)]
    position = int(blocks[0].counts[0, 0])
    for block in blocks:
        position += block.lost_before
        assert np.array_equal(block.counts[:, 0], np.arange(position, position + len(block.counts)))
        position += len(block.counts)
        assert block.last_sample_ns == DEVICE_EPOCH_NS + round(position * 1e9 / 130)
    return sum(len(block.counts) for block in blocks), sum(block.lost_before for block in blocks)


async def test_every_sample_arrives_once_at_twenty_times_the_speed(virtual_h10, index_record):
    n = 130 * 100 + 17
    process, uri = virtual_h10(index_record(n), "--speed", 20, "--battery", 55)
    packets = await received(f"{uri}&until=stopped")
    assert positions_are_true(packets) == (n, 0)
    assert Battery(55) in packets
    assert not [packet for packet in packets if isinstance(packet, LinkLost | LinkRestored)]
    assert process.ends() == 0
    assert process.log[-1] == f"played {n} samples, sent {n}"


async def test_a_cut_link_is_told_and_what_passed_meanwhile_is_counted(virtual_h10, index_record):
    n = 130 * 120
    options = ("--speed", 20, "--cut-after", 20, "--cut-for", 20)
    process, uri = virtual_h10(index_record(n), *options)
    packets = await received(f"{uri}&until=stopped")
    got, lost = positions_are_true(packets)
    assert got + lost == n
    assert lost >= 20 * 130
    told = [packet for packet in packets if isinstance(packet, LinkLost | LinkRestored)]
    assert [type(packet) for packet in told] == [LinkLost, LinkRestored]
    assert told[1].outage_s >= 1
    (gap,) = [i for i, p in enumerate(packets) if isinstance(p, SampleBlock) and p.lost_before]
    assert packets.index(told[1]) < gap
    assert process.ends() == 0


async def test_dropped_frames_sum_up_exactly(virtual_h10, index_record):
    n = 73 * 300
    process, uri = virtual_h10(index_record(n), "--speed", 30, "--drop", 0.2, "--seed", 5)
    packets = await received(f"{uri}&until=stopped")
    got, lost = positions_are_true(packets)
    assert process.ends() == 0
    assert process.log[-1] == f"played {n} samples, sent {got}"
    assert 0.1 < lost / n < 0.3
    blocks = [packet for packet in packets if isinstance(packet, SampleBlock)]
    assert got + lost == int(blocks[-1].counts[-1, 0]) - int(blocks[0].counts[0, 0]) + 1


async def test_leaving_stops_the_ecg(virtual_h10, index_record):
    process, uri = virtual_h10(index_record(130 * 60))
    async with open_transport(uri) as transport:
        await until(transport.packets(), SampleBlock)
    process.says("ECG stopped by the central")
    process.says("disconnected")


async def test_a_strap_that_freezes_counts_as_lost_and_is_found_again(virtual_h10, index_record):
    process, uri = virtual_h10(index_record(130 * 60), "--speed", 2)
    async with asyncio.timeout(25), open_transport(f"{uri}&silence=1") as transport:
        packets = transport.packets()
        await until(packets, SampleBlock)
        os.kill(process.process.pid, signal.SIGSTOP)
        *_, lost = await until(packets, LinkLost)
        os.kill(process.process.pid, signal.SIGCONT)
        rest = await until(packets, SampleBlock)
    assert "no ECG for 1 s" in lost.reason
    assert [type(p) for p in rest if isinstance(p, LinkLost | LinkRestored)] == [LinkRestored]


async def test_a_central_that_is_killed_leaves_the_strap_to_the_next(
    virtual_h10, index_record, hearth_devices
):
    process, uri = virtual_h10(index_record(130 * 60))
    first = hearth_devices("watch", uri)
    first.says("ECG ")
    first.process.kill()
    process.says("disconnected")
    async with asyncio.timeout(10), open_transport(uri) as transport:
        assert isinstance((await anext(transport.packets())).packet, Battery)


async def test_the_services_speak_as_a_strap_does(virtual_h10, index_record, port):
    _, uri = virtual_h10(index_record(130 * 60))
    answers = asyncio.Queue()
    async with open_radio(uri.partition("hci=")[2]) as radio:
        found = await BleakScanner.find_device_by_name("Polar H10 00000001", **radio.scanner)
        async with asyncio.timeout(20), BleakClient(found, **radio.client) as client:
            assert client.mtu_size >= 232
            assert await client.read_gatt_char("00002a24-0000-1000-8000-00805f9b34fb") == b"H10"
            features = polar_pmd.parse_control(bytes(await client.read_gatt_char(polar_h10.CONTROL)))
            assert features == polar_pmd.Features(frozenset({Measurement.ECG}))
            await client.start_notify(polar_h10.CONTROL, lambda _, value: answers.put_nowait(bytes(value)))

            async def asked(command):
                await client.write_gatt_char(polar_h10.CONTROL, command, response=True)
                return polar_pmd.parse_control(await answers.get())

            settings = await asked(polar_pmd.get_settings(Measurement.ECG))
            assert polar_pmd.parse_settings(settings.parameters) == polar_pmd.Settings((130,), (14,))
            assert await asked(polar_pmd.get_settings(Measurement.PPG)) == Answer(
                1, 1, Status.BAD_MEASUREMENT
            )
            assert await asked(polar_pmd.start_ecg(rate_hz=1000)) == Answer(2, 0, Status.BAD_PARAMETER)
            assert await asked(bytes([9, 0])) == Answer(9, 0, Status.BAD_OPCODE)
            assert (await asked(polar_pmd.start_ecg())).status is Status.OK
            assert await asked(polar_pmd.start_ecg()) == Answer(2, 0, Status.ALREADY_IN_STATE)
            assert (await asked(polar_pmd.stop_ecg())).status is Status.OK


async def test_a_stream_that_runs_already_is_started_afresh(virtual_h10, index_record):
    process, uri = virtual_h10(index_record(130 * 60))
    assert polar_h10.SUPPORT.ble
    profile = polar_h10.SUPPORT.ble.control
    async with open_radio(uri.partition("hci=")[2]) as radio:
        found = await BleakScanner.find_device_by_name("Polar H10 00000001", **radio.scanner)
        async with asyncio.timeout(20), BleakClient(found, **radio.client) as client:
            assert profile
            control = ControlPoint(client, profile, lambda: None)
            await control.start()
            await client.stop_notify(polar_h10.CONTROL)
            await control.start()
            process.says("ECG stopped by the central")
            process.says("ECG started by the central", times=2)


@pytest.mark.parametrize("action", [("scan",), ("watch", "ble://x?device=polar_h10")])
def test_no_bluetooth_is_one_clear_line(hearth_devices, action, monkeypatch):
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    process = hearth_devices(*action)
    assert process.ends() == 2
    assert "this computer has no Bluetooth that is on" in process.log[-1]
    assert len(process.log) == 1


def test_scan_finds_it_and_says_how_to_reach_it(virtual_h10, index_record, hearth_devices):
    _, uri = virtual_h10(index_record(130 * 60))
    scan = hearth_devices("scan", "--seconds", 1, "--hci", uri.partition("hci=")[2])
    assert scan.ends() == 0
    assert uri in [line.strip() for line in scan.log]


def test_a_port_in_use_is_one_clear_line(virtual_h10, index_record, hearth_devices, port):
    record = index_record(130)
    virtual_h10(record)
    second = hearth_devices("virtual-h10", "--record", record, "--listen", f"127.0.0.1:{port}")
    assert second.ends() == 2
    assert second.log[-1].startswith(f"hearth: cannot listen on 127.0.0.1:{port}: ")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("virtual-h10", "--record", "nowhere"), "nowhere.hea: there is no such recording"),
        (("virtual-h10", "--simulate", "--listen", "here"), "--listen here: give HOST:PORT"),
        (("virtual-h10", "--simulate", "hrt=80"), "no option 'hrt'"),
        (
            ("watch", "ble://x?device=polar_h10&hci=tcp-client:127.0.0.1:1&timeout=0.5"),
            "x: no ECG within 0.5 s",
        ),
    ],
)
def test_mistakes_are_one_clear_line(hearth_devices, arguments, complaint):
    process = hearth_devices(*arguments)
    assert process.ends() == 2
    assert complaint in process.log[-1]
    assert not any("Traceback" in line for line in process.log)


async def test_a_strap_that_is_not_there(virtual_h10, index_record):
    _, uri = virtual_h10(index_record(130))
    with pytest.raises(TransportError, match="Polar H10 99999999: no ECG within 1 s"):
        await received(uri.replace("00000001", "99999999") + "&timeout=1")


@pytest.mark.parametrize(
    ("target", "same"),
    [
        ("Polar H10 00000001", True),
        ("polar h10 00000001", True),
        ("00000001", True),
        ("c0:11:22:33:44:55", True),
        ("Polar H10", False),
        ("0001", False),
        ("", False),
    ],
)
def test_a_strap_is_never_taken_for_another(target, same):
    assert is_named(target, "C0:11:22:33:44:55", "Polar H10 00000001") is same
