"""The recordings hold their own sample index, so that a lost or doubled sample is seen at once."""

from datetime import UTC, date, datetime

import edfio
import numpy as np
import pytest
import wfdb

from firmware_bridge.packets import SampleBlock
from firmware_bridge.recordings import RecordingError, open_recording
from firmware_bridge.transport import TransportError
from firmware_bridge.transports import open_transport

FS_HZ = 250


def write_record(folder, name, columns, *, units=None, fmt="16", fs=FS_HZ, gain=1000.0, **header):
    """A WFDB record with `columns` `[n, leads]` of raw counts."""
    counts = np.asarray(columns, np.int64)
    leads = counts.shape[1]
    wfdb.wrsamp(
        name,
        fs=fs,
        units=units or ["mV"] * leads,
        sig_name=[f"L{i}" for i in range(leads)],
        d_signal=counts,
        fmt=[fmt] * leads,
        adc_gain=[gain] * leads,
        baseline=[0] * leads,
        write_dir=str(folder),
        **header,
    )
    return folder / name


def ramp(n, leads=1):
    return np.arange(n)[:, None] + 100 * np.arange(leads)


async def received(uri):
    async with open_transport(uri) as transport:
        return transport.device, [r async for r in transport.packets()]


def blocks_of(packets):
    return [r.packet for r in packets if isinstance(r.packet, SampleBlock)]


@pytest.mark.parametrize("suffix", ["", ".hea", ".dat"])
async def test_every_sample_once_and_in_order(tmp_path, suffix):
    record = write_record(tmp_path, "ramp", ramp(30_000, leads=2))
    device, packets = await received(f"replay://{record}{suffix}?speed=max")
    counts = np.concatenate([block.counts for block in blocks_of(packets)])
    assert np.array_equal(counts, ramp(30_000, leads=2))
    assert (device.fs_hz, device.leads, device.adc_gain, device.baseline) == (FS_HZ, ("L0", "L1"), 1000.0, 0)
    assert all(block.lost_before == 0 for block in blocks_of(packets))


@pytest.mark.parametrize(("fmt", "gain"), [("212", 200.0), ("16", 200.0), ("80", 100.0), ("24", 5000.0)])
async def test_counts_are_microvolts_whatever_the_gain(tmp_path, fmt, gain):
    counts = np.arange(-100, 100)[:, None]
    record = write_record(tmp_path, "gain", counts, fmt=fmt, gain=gain)
    _, packets = await received(f"replay://{record}?speed=max")
    got = np.concatenate([block.counts for block in blocks_of(packets)])
    assert np.array_equal(got, np.rint(counts * 1000 / gain))


async def test_chosen_signals_in_the_order_asked(tmp_path):
    record = write_record(tmp_path, "three", ramp(500, leads=3))
    device, packets = await received(f"replay://{record}?speed=max&signal=2&signal=0")
    assert device.leads == ("L2", "L0")
    assert np.array_equal(
        np.concatenate([block.counts for block in blocks_of(packets)]), ramp(500, leads=3)[:, [2, 0]]
    )


async def test_invalid_samples_are_lost_samples(tmp_path):
    counts = ramp(20_000)
    for start, stop in [(0, 3), (10, 11), (2_400, 2_600), (9_000, 15_000)]:
        counts[start:stop] = -(2**15)
    record = write_record(tmp_path, "holes", counts)
    _, packets = await received(f"replay://{record}?speed=max")
    position = 0
    for block in blocks_of(packets):
        position += block.lost_before
        assert np.array_equal(block.counts[:, 0], np.arange(position, position + len(block.counts)))
        position += len(block.counts)
        assert block.last_sample_ns == round((position - 1) * 1e9 / FS_HZ)
    assert position == 20_000


def test_one_invalid_lead_does_not_cost_the_other(tmp_path):
    counts = ramp(1_000, leads=2)
    counts[200:400, 1] = -(2**15)
    (block,) = open_recording(write_record(tmp_path, "half", counts)).blocks(1_000)
    assert np.array_equal(block.uv[:, 0], np.arange(1_000))
    assert set(block.uv[200:400, 1].tolist()) == {299}
    assert block.valid[:, 0].all()
    assert np.flatnonzero(~block.valid[:, 1]).tolist() == list(range(200, 400))


def test_blocks_are_the_same_whatever_their_size(tmp_path):
    counts = ramp(30_000) % 2_000
    counts[7_000:9_001] = -(2**15)
    recording = open_recording(write_record(tmp_path, "sizes", counts))
    whole = next(recording.blocks(30_000))
    for n in (1_000, 4_096, 29_999):
        blocks = list(recording.blocks(n))
        assert np.array_equal(np.concatenate([block.uv for block in blocks]), whole.uv)
        assert np.array_equal(np.concatenate([block.valid for block in blocks]), whole.valid)
        assert [block.start for block in blocks] == list(range(0, 30_000, n))


async def test_start_sets_the_clock_and_else_the_header_does(tmp_path):
    moment = datetime(2024, 5, 1, 6, 0, tzinfo=UTC)
    base = {"base_time": moment.time(), "base_date": moment.date()}
    record = write_record(tmp_path, "dated", ramp(FS_HZ), **base)
    _, (packet,) = await received(f"replay://{record}?speed=max")
    assert packet.packet.last_sample_ns == int(moment.timestamp()) * 10**9 + 996_000_000
    _, (packet,) = await received(f"replay://{record}?speed=max&start=2025-01-01T00:00:00Z")
    assert packet.packet.last_sample_ns == 1_735_689_600_996_000_000


async def test_real_time_is_kept(tmp_path):
    record = write_record(tmp_path, "timed", ramp(FS_HZ * 10))
    _, packets = await received(f"replay://{record}?speed=10")
    took_s = (packets[-1].host_time_ns - packets[0].host_time_ns) / 1e9
    assert 0.9 < took_s < 2.0


async def test_edf_round_trip(tmp_path):
    uv = (np.arange(5_000) % 3_000).astype(float)
    signals = [
        edfio.EdfSignal(
            uv / 1000, 250, label="ECG I", physical_dimension="mV", physical_range=(-3.2768, 3.2767)
        ),
        edfio.EdfSignal(uv[:200], 10, label="Resp", physical_dimension=""),
    ]
    start = {
        "recording": edfio.Recording(startdate=date(2024, 5, 1)),
        "starttime": datetime.min.time(),
    }
    edfio.Edf(signals, **start).write(tmp_path / "night.edf")
    device, packets = await received(f"replay://{tmp_path}/night.edf?speed=max")
    assert device.leads == ("ECG I",)
    assert np.array_equal(np.concatenate([block.counts for block in blocks_of(packets)])[:, 0], uv)
    assert open_recording(tmp_path / "night.edf").base_time_utc == datetime(2024, 5, 1, tzinfo=UTC)
    with pytest.raises(RecordingError, match=r"different rate .*Resp 10 Hz"):
        open_recording(tmp_path / "night.edf", [0, 1])
    with pytest.raises(RecordingError, match="not a voltage"):
        open_recording(tmp_path / "night.edf", [1])
    with (tmp_path / "night.edf").open("r+b") as file:
        file.truncate(5_000)
    with pytest.raises(RecordingError, match=r"night\.edf: damaged or cut short"):
        open_recording(tmp_path / "night.edf")


def test_several_segments_read_as_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_record(tmp_path, "s1", ramp(700))
    write_record(tmp_path, "s2", ramp(1_000)[700:])
    (tmp_path / "multi.hea").write_text("multi/2 1 250 1000\ns1 700\ns2 300\n")
    recording = open_recording("multi")
    assert recording.leads == ("L0",)
    assert np.array_equal(np.concatenate([block.uv for block in recording.blocks(64)]), ramp(1_000))


def test_several_samples_a_frame(tmp_path):
    write_record(tmp_path, "framed", ramp(1_000))
    header = (tmp_path / "framed.hea").read_text().replace("250 1000", "125 500").replace(" 16 ", " 16x2 ", 1)
    (tmp_path / "framed.hea").write_text(header)
    recording = open_recording(tmp_path / "framed")
    assert (recording.fs_hz, recording.n_samples) == (250, 1_000)
    assert np.array_equal(np.concatenate([block.uv for block in recording.blocks(333)]), ramp(1_000))


def test_a_signal_file_that_is_cut_short(tmp_path):
    record = write_record(tmp_path, "cut", ramp(1_000))
    with record.with_suffix(".dat").open("r+b") as file:
        file.truncate(1_500)
    with pytest.raises(RecordingError, match=r"cut\.dat: cut short, 750 of 1000 samples"):
        open_recording(record)


def test_missing_files(tmp_path):
    with pytest.raises(RecordingError, match=r"nowhere\.hea: there is no such recording"):
        open_recording(tmp_path / "nowhere")
    with pytest.raises(RecordingError, match=r"nowhere\.edf: there is no such recording"):
        open_recording(tmp_path / "nowhere.edf")
    (tmp_path / "table.xyz").write_text("1,2")
    with pytest.raises(RecordingError, match=r"table\.xyz: neither a WFDB record nor an EDF file"):
        open_recording(tmp_path / "table.xyz")
    record = write_record(tmp_path, "gone", ramp(10))
    record.with_suffix(".dat").unlink()
    with pytest.raises(RecordingError, match=r"gone\.dat: the signal file is missing"):
        open_recording(record)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "damaged",
        "damaged x 250 100\nd.dat 16 1000 0 0 0 0 0 I\n",
        "damaged 1 0 100\n",
        "\x00\xff\xfe",
        "damaged 2 250 10\n",
    ],
)
def test_damaged_headers(tmp_path, text):
    (tmp_path / "damaged.hea").write_text(text, encoding="latin-1")
    with pytest.raises(RecordingError, match="damaged"):
        open_recording(tmp_path / "damaged")


def test_a_unit_that_is_no_voltage(tmp_path):
    record = write_record(tmp_path, "bp", ramp(10, leads=2), units=["mV", "mmHg"])
    with pytest.raises(RecordingError, match="unit of signal L1 is 'mmHg'"):
        open_recording(record)
    assert open_recording(record, [0]).leads == ("L0",)


def test_no_such_signal(tmp_path):
    record = write_record(tmp_path, "one", ramp(10))
    with pytest.raises(RecordingError, match="no signal 3; there are: 0 L0"):
        open_recording(record, [3])


@pytest.mark.parametrize(
    ("uri", "complaint"),
    [
        ("records/100", "no source"),
        ("tape://x", "no scheme 'tape'"),
        ("replay://x?sped=2", "no option 'sped'"),
        ("replay://x?speed=0", "stand still"),
        ("replay://x?speed=nan", "no number"),
        ("replay://x?speed=fast", "no number"),
        ("replay://x?signal=-1", "no number"),
        ("replay://x?start=yesterday", "no ISO 8601"),
        ("ble://x", "device=... is not one of"),
        ("simulator://?hr=900", "hr=900 is not within"),
    ],
)
def test_mistakes_in_a_uri_are_one_clear_line(uri, complaint):
    with pytest.raises(TransportError, match=complaint) as caught:
        open_transport(uri)
    assert "\n" not in str(caught.value)
    assert caught.value.for_user
