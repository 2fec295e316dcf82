"""The command itself, on one made-up record and Hearth's own bundle."""

import json
import shutil

import pytest

from benchmarks.figures import main
from benchmarks.made_with import DS2_FIGURES, into_manifest
from benchmarks.results import Figure, Result
from benchmarks.strips import main as draw
from edge.bundle import DEFAULT_BUNDLE, load_manifest


def figures(data, tmp_path, *options: str) -> int:
    folders = ["--out", str(tmp_path / "pages"), "--work", str(tmp_path / "work")]
    return main(["--data", str(data), *folders, "--records", "100", "--no-peers", *options])


def stored(tmp_path) -> dict:
    return json.loads((tmp_path / "pages" / "figures.json").read_text())["results"]


def test_pages_of_beats_runs_and_rhythm(data, tmp_path, capsys) -> None:
    assert figures(data, tmp_path, "--only", "beats", "runs", "rhythm") == 0
    results = stored(tmp_path)
    assert list(results) == ["beats", "runs", "rhythm"]
    qrs = results["beats"]["figures"][0]
    assert qrs["ours"][0] > 97  # sleepecg misses some, so +P is lower
    row = results["beats"]["tables"][1]["rows"]["100"]
    assert f"{row['Q n']:,} beats" == qrs["counted"]
    assert "openecg: not asked for" in (tmp_path / "pages" / "beats.md").read_text()
    times = results["rhythm"]["tables"][1]["rows"]["100"]
    assert times["AF s"] == 60
    assert "QRS Se / +P" in capsys.readouterr().out


def test_a_task_that_is_repeated_leaves_the_others(data, tmp_path) -> None:
    figures(data, tmp_path, "--only", "beats")
    before = stored(tmp_path)["beats"]
    figures(data, tmp_path, "--only", "runs")
    assert stored(tmp_path)["beats"] == before
    assert (tmp_path / "pages" / "beats.md").exists()


def test_a_task_without_its_data_says_so_and_the_others_go_on(data, tmp_path, capsys) -> None:
    assert figures(data, tmp_path, "--only", "noise", "runs") == 1
    assert "noise: not measured" in capsys.readouterr().out
    assert list(stored(tmp_path)) == ["runs"]


def test_figures_of_a_part_are_not_published(data, capsys) -> None:
    assert main(["--data", str(data), "--records", "100"]) == 2
    assert "--records" in capsys.readouterr().err


def test_strips_of_what_is_missed_and_false(data, tmp_path, capsys) -> None:
    options = ["--data", str(data), "--work", str(tmp_path), "--out", str(tmp_path), "--record", "100"]
    assert draw([*options, "--kind", "V", "--most", "2"]) == 0
    picture = (tmp_path / "100-V.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert draw([*options, "--kind", "S", "--seconds", "0.001"]) in {0, 2}


@pytest.mark.parametrize("record", ["999"])
def test_strips_of_a_record_that_is_not_there(data, tmp_path, record, capsys) -> None:
    options = ["--data", str(data), "--work", str(tmp_path), "--out", str(tmp_path), "--record", record]
    assert draw(options) == 2
    assert "999" in capsys.readouterr().err


def test_ds2_figures_go_into_the_manifest_and_nothing_else_changes(tmp_path) -> None:
    bundle = shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")
    before = load_manifest(bundle)
    figures = {task: [] for task, _ in DS2_FIGURES}
    for i, (task, what) in enumerate(DS2_FIGURES):
        figures[task].append(Figure(what, (90 + i + 0.123, 80.0 + i), ""))
    into_manifest(bundle, {task: Result(task, "", "", figures=rows) for task, rows in figures.items()})
    after = load_manifest(bundle)
    found = after.figures["mitdb_ds2"]
    assert (found["Q_se"], found["V_pp"], found["S_se_ej_as_N"], found["AF_sp"]) == (90.12, 81.0, 93.12, 84.0)
    assert set(found) == {name for names in DS2_FIGURES.values() for name in names}
    assert after.model_copy(update={"figures": before.figures}) == before
