"""`hearth evaluate` on files; golden/synthetic.txt holds what it prints of the synthetic record.

Made with `hearth evaluate SUBCOMMAND --data DIR --test tst --test-dir DIR/found` for beats, runs and
episodes, and `hearth evaluate report synthetic ...`, one after the other.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edge.errors import UserError
from export.commands import evaluate
from export.evaluation import latex
from export.evaluation.figures import Table

GOLDEN = Path(__file__).parent / "golden" / "synthetic.txt"


@pytest.fixture
def run(folder, capsys):
    def call(*words: str) -> str:
        parser = argparse.ArgumentParser()
        evaluate.add_arguments(parser)
        place = ["--data", str(folder), "--test", "tst", "--test-dir", str(folder / "found")]
        assert evaluate.run(parser.parse_args([*words, *place])) == 0
        return capsys.readouterr().out

    return call


def test_all_that_is_printed_of_the_synthetic_record(run) -> None:
    printed = "".join(run(name) for name in ("beats", "runs", "episodes")) + run("report", "synthetic")
    assert printed == GOLDEN.read_text()


def test_json_has_every_column_and_the_conditions(run) -> None:
    found = json.loads(run("beats", "--format", "json", "--window-ms", "100"))
    assert found["conditions"]["window_ms"] == 100
    row = found["beats"]["records"]["synthetic"]
    assert row["Nn'"] == found["beats"]["sum"]["Nn'"] > 400
    assert found["beats"]["gross"]["V FPR"] == row["V FPR"]
    assert set(found["shutdown"]["records"]["synthetic"]) >= {"Nx", "% beats", "Shutdown"}


def test_json_of_runs_and_episodes(run) -> None:
    assert set(json.loads(run("runs", "--format", "json"))) == {
        "conditions",
        "ventricular",
        "supraventricular",
    }
    found = json.loads(run("episodes", "--format", "json", "--kinds", "AF", "ST", "--exclude-flutter"))
    assert found["conditions"]["excludes_flutter"] is True
    assert found["ST"]["records"]["synthetic"]["DSe"] is None


def test_records_are_those_that_both_annotators_have(run, folder) -> None:
    shutil.copy(folder / "synthetic.atr", folder / "alone.atr")
    assert list(json.loads(run("beats", "--format", "json"))["beats"]["records"]) == ["synthetic"]


def test_what_is_left_out_and_what_is_not_standard_is_told(run, folder, capsys) -> None:
    shutil.copy(folder / "synthetic.atr", folder / "alone.atr")
    place = ["--data", str(folder), "--test", "tst", "--test-dir", str(folder / "found")]
    for words, told in (
        ([], [f"not scored, for want of {folder}/found/*.tst: alone"]),
        (["--records", "synthetic", "--exclude-flutter"], []),
        (
            ["--records", "synthetic", "--shortest-s", "2"],
            ["nonstandard comparison: other options than those of EC57"],
        ),
    ):
        parser = argparse.ArgumentParser()
        evaluate.add_arguments(parser)
        assert evaluate.run(parser.parse_args(["episodes", *words, *place])) == 0
        assert capsys.readouterr().err.splitlines() == told


def test_latex_has_the_false_positive_rate_of_v(run) -> None:
    row = json.loads(run("beats", "--format", "json"))["beats"]["gross"]
    text = run("beats", "--format", "latex")
    assert "V FPR" in text
    assert f"& {row['V FPR']:.3f} &" in text


def test_no_common_record_is_an_error(run, folder) -> None:
    (folder / "found" / "synthetic.tst").rename(folder / "found" / "other.tst")
    with pytest.raises(UserError, match="no record has both files"):
        run("beats")


def test_an_unknown_record_is_named(run) -> None:
    with pytest.raises(UserError, match=r"999\.hea: no such record"):
        run("beats", "--records", "999")


def test_written_to_a_file(run, folder) -> None:
    assert run("runs", "--out", str(folder / "runs.txt")) == ""
    assert (folder / "runs.txt").read_text() == run("runs")
    with pytest.raises(UserError, match="No such file"):
        run("runs", "--out", str(folder / "no" / "runs.txt"))


def test_latex_escapes_what_latex_would_read() -> None:
    row = {"50%_x": None, "A & B": 12.345}
    table = Table("t", {"a_b#\\": row}, {}, {}, {})
    text = latex.latex_table(table, list(row))
    assert r"Record & 50\%\_x & A \& B \\" in text
    assert r"a\_b\#\textbackslash{} & - & 12.35 \\" in text or r"& - & 12.34 \\" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_is_typeset_without_any_package(run, tmp_path) -> None:
    tables = "".join(run(name, "--format", "latex") for name in ("beats", "runs", "episodes"))
    document = "\\documentclass{article}\\begin{document}\n" + tables.replace("\n\n", "\n\n\\par\n")
    (tmp_path / "t.tex").write_text(document + "\\end{document}\n")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "t.tex"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    assert b"Overfull" not in done.stdout  # no column falls off the page


def test_help_needs_neither_torch_nor_wfdb() -> None:
    heavy = "{'torch', 'transformers', 'wfdb'}"
    program = f"import sys, export.commands.evaluate; print(sorted({heavy} & {{*sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_scoring_needs_no_torch(folder) -> None:
    program = (
        "import argparse, sys\n"
        "from export.commands import evaluate\n"
        "parser = argparse.ArgumentParser(); evaluate.add_arguments(parser)\n"
        "evaluate.run(parser.parse_args(sys.argv[1:]))\n"
        "assert not {'torch', 'transformers'} & {*sys.modules}\n"
    )
    words = ["beats", "--data", str(folder), "--test", "tst", "--test-dir", str(folder / "found")]
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=True)
    assert "Summary of results from 1 record\n" in done.stdout
