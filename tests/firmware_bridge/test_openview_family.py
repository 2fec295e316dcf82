"""Frames written by hand after the firmware of each board."""

import numpy as np
import pytest

from firmware_bridge.devices import DEVICES, healthypi5
from firmware_bridge.devices.heartypatch import patch_frame
from firmware_bridge.packets import Damage, HeartRate, SampleBlock


def fed(name, *frames):
    decoder = DEVICES[name].make_decoder()
    return [packet for frame in frames for packet in decoder.feed(frame)]


def samples_of(packets):
    return [row for packet in packets if isinstance(packet, SampleBlock) for row in packet.counts.tolist()]


def kinds(packets):
    return [type(packet) for packet in packets]


V4 = "0AFA 1400 02 39FF 0100 10000000 20000000 680E 0F 62 {hr} 50 78 {status} 000B"


def test_healthypi_4_with_all_electrodes_on():
    packets = fed("healthypi4", bytes.fromhex(V4.format(hr="48", status="00")))
    assert samples_of(packets) == [[-199]]
    assert HeartRate(72, (), contact=True) in packets


def test_healthypi_4_says_once_that_an_electrode_is_off():
    off = bytes.fromhex(V4.format(hr="00", status="02"))
    packets = fed("healthypi4", bytes.fromhex(V4.format(hr="48", status="00")), off, off, off)
    told = [packet for packet in packets if isinstance(packet, HeartRate)]
    assert told == [HeartRate(72, (), contact=True), HeartRate(0, (), contact=False)]
    assert len(samples_of(packets)) == 4


def test_healthypi_5_stream_of_eight_samples():
    ecg = "01000000 FFFFFFFF 00000200 00000000 05000000 06000000 07000000 08000000"
    frame = bytes.fromhex(f"0AFA 3200 03 {ecg} {'00' * 16} 40 12 000B")
    packets = fed("healthypi5", frame)
    assert samples_of(packets) == [[1], [-1], [2**17], [0], [5], [6], [7], [8]]
    assert HeartRate(64) in packets


def test_healthypi_5_openview_stream():
    fields = "FEFFFFFF 00000000 00 00000000 00000000 680E 62 41 0F"
    packets = fed("healthypi5", bytes.fromhex(f"0AFA 1600 02 {fields} 000B"))
    assert samples_of(packets) == [[-2]]
    assert HeartRate(65) in packets


def test_healthypi_5_ppg_is_known_and_says_nothing():
    ppg = bytes.fromhex(f"0AFA 1300 04 {'11' * 19} 000B")
    ecg = healthypi5.SUPPORT.emulation.encode(np.arange(16).reshape(-1, 1), 0)
    packets = fed("healthypi5", ecg[0][1], ppg, ppg, ecg[1][1])
    assert samples_of(packets) == [[i] for i in range(16)]
    assert kinds(packets) == [SampleBlock, SampleBlock]


def test_a_frame_of_another_board_is_damage():
    other = bytes.fromhex("0AFA 0900 02 39FF 0100 4803 4800 00 000B")
    assert fed("healthypi4", other, bytes.fromhex(V4.format(hr="48", status="00")))[0] == Damage(
        16, "bytes between frames"
    )


def test_ads1293_reads_three_leads_around_half_of_its_scale():
    (block,) = fed("ads1293", bytes.fromhex("0AFA 0C00 02 00004000 01004000 FFFF3F00 000B"))
    device = DEVICES["ads1293"].device
    assert (block.counts - device.baseline).tolist() == [[0, 1, -1]]
    assert 1000 / device.adc_gain == pytest.approx(0.1635, abs=1e-4)  # 4.8 V / 3.5 / 2**23 in uV


HEARTYPATCH = "0AFA 3000 03 {seq} 02000000 20A10700 20030000 {ecg} {foot} 0B"
EIGHT = "00400000 00C0FFFF 00000000 00000000 00000000 00000000 00000000 0000FC1F"


@pytest.mark.parametrize("foot", ["F0", "00"])
def test_heartypatch(foot):
    first = bytes.fromhex(HEARTYPATCH.format(seq="01000000", ecg=EIGHT, foot=foot))
    second = bytes.fromhex(HEARTYPATCH.format(seq="02000000", ecg=EIGHT, foot=foot))
    packets = fed("heartypatch", first + second)
    (block,) = [packet for packet in packets if isinstance(packet, SampleBlock)]
    assert block.counts[:8, 0].tolist() == [1, -1, 0, 0, 0, 0, 0, 32752]
    assert block.last_sample_ns == 2_500_000_000
    assert HeartRate(75, (800.0,)) in packets


def patch_frames(first, n, start_us=0):
    return [patch_frame(i, start_us + i * 62_500, [i] * 8) for i in range(first, first + n)]


def test_heartypatch_counts_over_a_broken_link():
    decoder = DEVICES["heartypatch"].make_decoder()
    for frame in patch_frames(0, 3):
        decoder.feed(frame)
    decoder.reset()
    packets = [packet for frame in patch_frames(1003, 3) for packet in decoder.feed(frame)]
    assert packets[0].lost_before == 8 * 1000


def test_heartypatch_whose_buffer_ran_over_counts_by_its_clock():
    again = [patch_frame(i, 10_000_000 + i * 62_500, [i] * 8) for i in range(4)]
    packets = fed("heartypatch", *patch_frames(100, 5, start_us=3_000_000 - 6_250_000), *again)
    lost = [packet.lost_before for packet in packets if isinstance(packet, SampleBlock)]
    assert sum(lost) == 8 * (round((10_000_000 - 3_250_000) / 62_500) - 1)
    assert Damage not in kinds(packets)


def test_heartypatch_that_was_switched_off_and_on_says_that_it_does_not_know():
    packets = fed("heartypatch", *patch_frames(500, 4), *patch_frames(0, 4))
    (damage,) = [packet for packet in packets if isinstance(packet, Damage)]
    assert "lost samples are not known" in damage.reason
    assert len(samples_of(packets)) == 64
