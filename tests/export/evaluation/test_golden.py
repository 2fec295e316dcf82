"""Every character that the reference tools printed.

golden/NNN.tst are test annotations, made by disturbing those of the MIT-BIH database; the other files were
made with the WFDB tools: `bxb -r R -a atr tst -L bxb.out sd.out`,
`rxr -r R -a atr tst -L vruns.out sruns.out`,
`epicmp -r R -a atr tst -A af.out -V vf.out -l`, `sumstats` of each, and `bxb -r R -a atr tst` as R.bxb.txt.
The reference annotations are not here: set HEARTH_DATA to a folder with mitdb/.
"""

import os
from pathlib import Path

import pytest

from export.evaluation import text
from export.evaluation.annotations import read_record
from export.evaluation.beats import score_beats
from export.evaluation.episode_reader import EpisodeKind
from export.evaluation.episodes import score_episodes
from export.evaluation.report import beat_report, heading
from export.evaluation.runs import score_runs
from export.evaluation.summary import beat_table, episode_table, run_table, shutdown_table

GOLDEN = Path(__file__).parent / "golden"
RECORDS = sorted(path.stem for path in GOLDEN.glob("*.tst"))
pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def records():
    data = Path(os.environ.get("HEARTH_DATA", "/nowhere")) / "mitdb"
    if not data.is_dir():
        pytest.skip("HEARTH_DATA names no folder with mitdb: real recordings, see docs/training.md")
    return {name: read_record(name, data, "atr", "tst", GOLDEN) for name in RECORDS}


def golden(name: str) -> str:
    return (GOLDEN / name).read_text()


def test_all_24_records_are_there() -> None:
    assert len(RECORDS) == 24


def test_beats_and_shutdown(records) -> None:
    scores = {name: score_beats(record) for name, record in records.items()}
    assert text.beat_lines(beat_table(scores)) == golden("bxb.out")
    assert text.beat_text(beat_table(scores)) == golden("bxb.sumstats.txt")
    assert text.shutdown_lines(shutdown_table(scores)) == golden("sd.out")


@pytest.mark.parametrize("name", RECORDS)
def test_report_of_each_record(records, name) -> None:
    report = heading("Beat-by-beat", name, "atr", "tst") + beat_report(score_beats(records[name]))
    assert report == golden(f"{name}.bxb.txt")


def test_runs(records) -> None:
    scores = {name: score_runs(record) for name, record in records.items()}
    v = run_table("V", {name: score.ventricular for name, score in scores.items()})
    s = run_table("S", {name: score.supraventricular for name, score in scores.items()})
    assert text.run_lines(v, text.RUN_HEADER) == golden("vruns.out")
    assert text.run_text(v, text.RUN_HEADER) == golden("vruns.sumstats.txt")
    assert text.run_lines(s, text.SVE_RUN_HEADER) == golden("sruns.out")
    assert text.run_text(s, text.SVE_RUN_HEADER) == golden("sruns.sumstats.txt")


@pytest.mark.parametrize("kind", [EpisodeKind.AF, EpisodeKind.VF])
def test_episodes(records, kind) -> None:
    scores = {name: score_episodes(record, kind) for name, record in records.items()}
    table = episode_table(f"{kind.value} detection", scores)
    assert text.episode_lines(table) == golden(f"{kind.value.lower()}.out")
    assert text.episode_text(table) == golden(f"{kind.value.lower()}.sumstats.txt")
