"""Apple Health's csv in several languages, and tables of other makers. BDF beside them."""

from datetime import UTC, datetime

import edfio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.recordings import RecordingError, TableFormat, open_recording

ENGLISH = """Name,Jo
Date of Birth,"Jan 2, 1950"
Recorded Date,2020-02-05 09:14:40 -0400
Classification,Sinus Rhythm
Symptoms,
Software Version,1.90
Device,"Watch5,4"
Sample Rate,512.844 hertz


Lead,Lead I
Unit,µV

-265.868
-270.25
12
"""
GERMAN = """Name,Jo
Aufzeichnungsdatum,2023-11-05 21:14:40 +0100
Klassifizierung,Sinusrhythmus
Gerät,"Watch6,1"
Messfrequenz,"512,844 Hertz"

Ableitung,Ableitung I
Einheit,µV

-265,868
-270,25
12
"""


def written(tmp_path, text, name="ecg.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "at"),
    [
        (ENGLISH, datetime(2020, 2, 5, 13, 14, 40, tzinfo=UTC)),
        (GERMAN, datetime(2023, 11, 5, 20, 14, 40, tzinfo=UTC)),
    ],
)
def test_apple_health_in_the_language_of_the_phone(tmp_path, text, at):
    recording = open_recording(written(tmp_path, text))
    assert (recording.fs_hz, recording.leads, recording.n_samples) == (512.844, ("I",), 3)
    assert recording.base_time_utc == at
    assert recording.read_uv(0, 3)[:, 0].tolist() == [-265.868, -270.25, 12.0]


def test_a_table_needs_a_rate_or_times(tmp_path):
    path = written(tmp_path, "I,II\n0.1,0.2\n0.3,\n")
    with pytest.raises(RecordingError, match="no column of times: give its rate"):
        open_recording(path)
    recording = open_recording(path, [1], TableFormat(250))
    assert (recording.leads, recording.fs_hz) == (("II",), 250)
    (block,) = recording.blocks(10)
    assert block.uv[:, 0].tolist() == [200, 200]
    assert block.valid[:, 0].tolist() == [True, False]


@given(st.integers(50, 1000), st.integers(6, 60), st.integers(0, 58))
def test_the_column_of_times_gives_rate_and_gaps(tmp_path_factory, fs_hz, n, missing):
    rows = [f"{i * 1000 / fs_hz:.4f},{i}" for i in range(n) if i != missing % n or missing % n in {0, n - 1}]
    path = written(tmp_path_factory.mktemp("t"), "time ms,ECG (uV)\n" + "\n".join(rows))
    recording = open_recording(path)
    assert recording.fs_hz == pytest.approx(fs_hz, rel=1e-3)
    assert recording.leads == ("ECG",)
    uv = recording.read_uv(0, recording.n_samples)[:, 0]
    expected = np.arange(n, dtype=float)
    if missing % n not in {0, n - 1}:
        expected[missing % n] = np.nan
    assert np.array_equal(uv, expected, equal_nan=True)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no samples"),
        ("t,I\n0,1\n1,2,3\n", "row 2 has 3 columns, the first has 2"),
        ("t,I\n0,1\n0,2\n", "does not rise"),
        ("t,I\n" + "\n".join(f"{x},0" for x in (0, 1, 2.4, 3.1, 4.6, 5.0)), "not evenly spaced"),
        ("t,I\n0,1\n1,1\n2,1\n1700000000,1\n", "rows 3 and 4 are 1.7e.09 s apart: divide it"),
        ("t,I\n0,1\n1,1\n1e300,1\n", "rows 2 and 3 are 1e.300 s apart"),
        ("I (furlongs)\n1\n", "not a voltage"),
        ("I\nabc\n", "could not convert"),
        ("Sample Rate,512 Hz\n\n", "a header without samples"),
    ],
)
def test_what_is_no_recording_is_one_clear_line(tmp_path, text, complaint):
    path = written(tmp_path, text)
    with pytest.raises(RecordingError, match=complaint) as told:
        open_recording(path, None, TableFormat(100))
    assert str(told.value).startswith(str(path))


@pytest.mark.parametrize("heading", ["t", "Zeit (s)", "temps [s]"])
def test_semicolons_and_decimal_commas(tmp_path, heading):
    recording = open_recording(written(tmp_path, f"{heading};I (mV)\n0,00;0,5\n0,01;-0,5\n0,02;1\n"))
    assert recording.fs_hz == pytest.approx(100)
    assert recording.read_uv(0, 3)[:, 0].tolist() == [500, -500, 1000]


def test_bdf_is_read_as_edf_is(tmp_path):
    ramp = np.linspace(-1000, 1000, 512)
    signal = edfio.BdfSignal(ramp, 256, label="ECG", physical_dimension="uV", physical_range=(-1000, 1000))
    edfio.Bdf([signal]).write(tmp_path / "night.bdf")
    recording = open_recording(tmp_path / "night.bdf")
    assert (recording.fs_hz, recording.leads, recording.n_samples) == (256, ("ECG",), 512)
    assert np.abs(recording.read_uv(0, 512)[:, 0] - ramp).max() < 0.01


def test_what_is_no_voltage_is_no_sample(tmp_path):
    recording = open_recording(written(tmp_path, "I\n0.5\ninf\n1e300\n\n0.6\n"), None, TableFormat(250))
    (block,) = recording.blocks(10)
    assert block.valid[:, 0].tolist() == [True, False, False, True]
    assert block.uv[:, 0].tolist() == [500, 500, 500, 600]


@pytest.mark.parametrize("fs_hz", [0, -5, 1, 39.9, 20_001, float("nan")])
def test_a_rate_that_no_ecg_has_is_refused(tmp_path, fs_hz):
    (tmp_path / "t.csv").write_text("ecg\n1\n2\n")
    with pytest.raises(RecordingError, match=r"t\.csv: .* samples a second; an ECG has 40 to 20000"):
        open_recording(tmp_path / "t.csv", table=TableFormat(fs_hz))


@pytest.mark.parametrize("fs_hz", [50, 1000])
def test_slow_and_fast_recordings_are_opened(tmp_path, fs_hz):
    (tmp_path / "t.csv").write_text("ecg\n1\n2\n")
    assert open_recording(tmp_path / "t.csv", table=TableFormat(fs_hz)).fs_hz == fs_hz
