import asyncio
import contextlib
import os
import pty
import select
import time
import tty

import numpy as np
import pytest

from firmware_bridge.capture import Chunk, read_capture
from firmware_bridge.devices import DEVICES
from firmware_bridge.devices.heartypatch import patch_frame
from firmware_bridge.devices.openview import openview_packet
from firmware_bridge.packets import Contact, Damage, LinkLost, LinkRestored, SampleBlock
from firmware_bridge.transport import TransportError
from firmware_bridge.transports import open_transport


@pytest.fixture
def plug(tmp_path):
    """Plugs a pseudo-terminal in as `tmp_path/tty`; call again after `unplug` for another."""
    ends = []

    def plug_in():
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        link = tmp_path / "tty"
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(theirs))
        os.close(theirs)
        ends.append(ours)
        return ours

    yield plug_in
    for end in ends:
        os.close(end)


async def collected(packets, until):
    got = []
    async with asyncio.timeout(10):
        async for received in packets:
            got.append(received.packet)
            if until(got):
                return got
    return got


def samples_of(packets):
    blocks = [packet.counts for packet in packets if isinstance(packet, SampleBlock)]
    return np.concatenate(blocks)[:, 0].tolist() if blocks else []


async def test_every_sample_once_over_a_pseudo_terminal(plug, tmp_path):
    device_end = plug()
    stream = b"".join(openview_packet(i) for i in range(3_000))
    async with open_transport(f"serial://{tmp_path}/tty?device=openview&capture={tmp_path}/raw") as transport:
        writing = asyncio.to_thread(write_in_pieces, device_end, b"\x0b\xfa" + stream)
        got, _ = await asyncio.gather(
            collected(transport.packets(), lambda g: len(samples_of(g)) >= 3_000), writing
        )
    assert samples_of(got) == list(range(3_000))
    assert sum(p.n_bytes for p in got if isinstance(p, Damage)) == 2
    assert transport.device.fs_hz == 125
    captured = [entry for entry in read_capture(tmp_path / "raw") if isinstance(entry, Chunk)]
    assert b"".join(entry.payload for entry in captured) == b"\x0b\xfa" + stream
    async with open_transport(f"capture://{tmp_path}/raw?device=openview&speed=max") as replayed:
        assert samples_of([received.packet async for received in replayed.packets()]) == list(range(3_000))


def write_in_pieces(end, stream):
    rng = np.random.default_rng(1)
    while stream:
        n = int(rng.integers(1, 700))
        os.write(end, stream[:n])
        stream = stream[n:]


async def test_unplugged_and_plugged_in_again(plug, tmp_path):
    device_end = plug()
    async with open_transport(f"serial://{tmp_path}/tty?device=openview") as transport:
        packets = transport.packets()
        os.write(device_end, openview_packet(1) + openview_packet(2)[:7])
        await collected(packets, lambda got: bool(samples_of(got)))
        os.dup2(os.open(os.devnull, os.O_RDWR), device_end)
        (lost,) = await collected(packets, lambda got: isinstance(got[-1], LinkLost))
        assert lost.reason
        await asyncio.sleep(1)
        device_end = plug()
        await asyncio.to_thread(keep_writing, device_end)
        restored, block = await collected(packets, lambda got: bool(samples_of(got)))
        assert isinstance(restored, LinkRestored)
        assert 1 < restored.outage_s < 5
        assert block.counts[0, 0] == 3


def keep_writing(end):
    for _ in range(30):
        os.write(end, openview_packet(3))
        asyncio.run(asyncio.sleep(0.1))


async def test_a_silent_port_counts_as_lost(plug, tmp_path):
    device_end = plug()
    async with open_transport(f"serial://{tmp_path}/tty?device=openview&silence=0.5") as transport:
        os.write(device_end, openview_packet(1))
        got = await collected(transport.packets(), lambda g: isinstance(g[-1], LinkLost))
    assert "no ECG for 0.5 s" in got[-1].reason


async def test_a_fault_that_nobody_foresaw_ends_the_reading_and_is_not_waited_for(
    plug, tmp_path, monkeypatch
):
    def driver_breaks(path, baud):
        raise RuntimeError(f"{path} at {baud}")

    device_end = plug()
    capture = tmp_path / "raw"
    uri = f"serial://{tmp_path}/tty?device=openview&silence=0.5&capture={capture}"
    async with open_transport(uri) as transport:
        packets = transport.packets()
        os.write(device_end, openview_packet(1))
        await collected(packets, lambda got: bool(samples_of(got)))
        monkeypatch.setattr("firmware_bridge.transports.serial_port.open_port", driver_breaks)
        with pytest.raises(RuntimeError, match="tty at 57600"):
            await collected(packets, lambda _: False)
    assert [entry.payload for entry in read_capture(capture) if isinstance(entry, Chunk)]


def heard(end, n, timeout_s=8.0):
    """The first `n` bytes that came to the device's end, which breaks while nobody has the other."""
    got = b""
    until = time.monotonic() + timeout_s
    while len(got) < n and time.monotonic() < until:
        try:
            got += os.read(end, 64) if select.select([end], [], [], 0.05)[0] else b""
        except OSError:
            time.sleep(0.05)
    return got


@pytest.mark.parametrize(
    ("name", "start", "stop"), [("cyton", b"b", b"s"), ("bitalino", b"\xc3\x09", b"\x00")]
)
async def test_the_device_is_started_and_stopped_also_after_it_was_unplugged(
    plug, tmp_path, name, start, stop
):
    device_end = plug()
    async with open_transport(f"serial://{tmp_path}/tty?device={name}") as transport:
        assert await asyncio.to_thread(heard, device_end, len(start)) == start
        counts = np.zeros((20, len(transport.device.leads)), np.int32)
        os.write(device_end, b"".join(m for _, m in DEVICES[name].emulation.encode(counts, 0)))
        await collected(transport.packets(), lambda got: bool(samples_of(got)))
        os.dup2(os.open(os.devnull, os.O_RDWR), device_end)
        device_end = plug()
        assert await asyncio.to_thread(heard, device_end, len(start)) == start
        hearing = asyncio.create_task(asyncio.to_thread(heard, device_end, len(stop)))
    assert await hearing == stop


async def test_a_device_that_takes_no_commands_is_not_waited_for(plug, tmp_path):
    device_end = plug()
    theirs = os.open(tmp_path / "tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(theirs, bytes(4096))
    started_s = time.monotonic()
    async with open_transport(f"serial://{tmp_path}/tty?device=cyton") as transport:
        await asyncio.sleep(1)
        assert transport.device.name == "cyton"
    assert time.monotonic() - started_s < 4
    os.close(theirs)
    assert device_end


async def test_electrodes_that_are_off_are_no_silence(plug, tmp_path):
    device_end = plug()
    async with open_transport(f"serial://{tmp_path}/tty?device=ad8232&fs=250&silence=0.5") as transport:
        packets = transport.packets()
        saying = asyncio.to_thread(keep_saying, device_end, b"512\r\n", b"!\r\n")
        got, _ = await asyncio.gather(
            collected(packets, lambda g: g.count(Contact(is_worn=False)) > 15), saying
        )
    assert not [packet for packet in got if isinstance(packet, LinkLost)]


def keep_saying(end, first, again):
    os.write(end, first)
    for _ in range(20):
        os.write(end, again)
        time.sleep(0.1)


async def test_the_rest_of_a_line_is_no_reading(plug, tmp_path):
    device_end = plug()
    async with open_transport(f"serial://{tmp_path}/tty?device=ad8232&fs=250") as transport:
        os.write(device_end, b"12\r\n512\r\n513\r\n")
        got = await collected(transport.packets(), lambda g: len(samples_of(g)) >= 2)
    assert samples_of(got) == [512, 513]


async def test_a_patch_on_the_network(tmp_path):
    frames = [patch_frame(i, i * 62_500, [i] * 8) for i in range(40)]
    n_served = 0

    async def serve(_, writer):
        nonlocal n_served
        n_served += 1
        await asyncio.sleep(0.3)  # what comes while the port is opened is thrown away
        writer.write(b"".join(frames[:20] if n_served == 1 else frames[30:]))
        await writer.drain()
        await asyncio.sleep(0.3)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, open_transport(f"serial://socket://127.0.0.1:{port}?device=heartypatch") as transport:
        got = await collected(transport.packets(), lambda g: len(samples_of(g)) >= 240)
    kinds = [type(packet) for packet in got if isinstance(packet, LinkLost | LinkRestored)]
    assert kinds[:2] == [LinkLost, LinkRestored]
    assert sum(packet.lost_before for packet in got if isinstance(packet, SampleBlock)) == 80


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("serial:///dev/x?device=ad8232", "no rate of its own; add fs="),
        ("serial:///dev/x?device=ad8232&fs=3", "50 to 2000 Hz"),
        ("serial:///dev/x?device=cyton&fs=500", "has its own rate, 250 Hz; drop fs="),
        ("serial:///dev/x?device=bitalino&fs=10", "1000 or 100 Hz"),
        ("serial:///dev/x?device=heartypatch&fs=fast", "fs=fast is no number"),
        ("serial://rfc2217://x:1?device=cyton", "neither a device file nor socket://HOST:PORT"),
    ],
)
def test_a_rate_that_cannot_be(uri, complaint):
    with pytest.raises(TransportError, match=complaint):
        open_transport(uri)


def test_the_rate_that_was_asked_for():
    assert open_transport("serial:///dev/x?device=ad8232&fs=360").device.fs_hz == 360
    assert open_transport("serial:///dev/x?device=bitalino&fs=100").device.fs_hz == 100
    assert open_transport("capture:///x?device=ad8232&fs=360").device.fs_hz == 360


async def test_a_port_that_is_not_there(tmp_path):
    with pytest.raises(TransportError, match=r"ttyNO: cannot be opened: .*No such file"):
        async with open_transport(f"serial://{tmp_path}/ttyNO?device=openview"):
            pass
    with pytest.raises(TransportError, match="polar_h10 has no serial port"):
        open_transport("serial:///dev/ttyUSB0?device=polar_h10")
    with pytest.raises(TransportError, match="openview does not speak Bluetooth"):
        open_transport("ble://x?device=openview")
