import asyncio
import os
import pty
import tty

import numpy as np
import pytest

from firmware_bridge.capture import Chunk, read_capture
from firmware_bridge.devices.openview import openview_packet
from firmware_bridge.packets import Damage, LinkLost, LinkRestored, SampleBlock
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


async def test_a_port_that_is_not_there(tmp_path):
    with pytest.raises(TransportError, match=r"ttyNO: cannot be opened: .*No such file"):
        async with open_transport(f"serial://{tmp_path}/ttyNO?device=openview"):
            pass
    with pytest.raises(TransportError, match="polar_h10 has no serial port"):
        open_transport("serial:///dev/ttyUSB0?device=polar_h10")
    with pytest.raises(TransportError, match="openview does not speak Bluetooth"):
        open_transport("ble://x?device=openview")
