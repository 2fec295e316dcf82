"""What holds of any annotations."""

from hypothesis import given
from hypothesis import strategies as st

from export.evaluation.annotations import AnnotatedRecord, Mark, from_marks
from export.evaluation.beats import BEATS, detections, score_beats, supraventricular, ventricular
from export.evaluation.episode_reader import EpisodeKind
from export.evaluation.episodes import score_episodes
from export.evaluation.period import Options
from export.evaluation.runs import score_runs
from export.evaluation.summary import BEAT_COUNTS, beat_row, beat_table, run_table

FS_HZ = 100.0
FROM_START = Options(start_s=0)
ANY = st.tuples(st.integers(1, 150), st.sampled_from("NNNVVAFQ~[]+"), st.sampled_from([0, -1]))
BEAT = st.tuples(st.integers(40, 150), st.sampled_from("NVAFQ"), st.just(0))


def annotator(rows):
    sample, marks = 0, []
    for gap, symbol, subtype in rows:
        sample += gap
        rhythm = "(AFIB" if subtype else "(N"
        marks.append(Mark(sample, symbol, subtype, rhythm if symbol == "+" else ""))
    return marks


annotators = st.lists(ANY, max_size=60).map(annotator)
clean = st.lists(BEAT, min_size=2, max_size=60).map(annotator)


def record(reference, test) -> AnnotatedRecord:
    last = max([mark.sample for mark in (*reference, *test)], default=0)
    return AnnotatedRecord("any", FS_HZ, last + 100, from_marks(reference, FS_HZ), from_marks(test, FS_HZ))


@given(annotators)
def test_a_perfect_detector_has_no_error(marks) -> None:
    made = record(marks, marks)
    score = score_beats(made, FROM_START)
    ratios = (*detections(score), *ventricular(score)[:2], *supraventricular(score))
    assert all(ratio.percent in {None, 100.0} for ratio in ratios)
    assert ventricular(score)[2].part == 0
    assert not score.rr_error_ms
    for kind in (EpisodeKind.AF, EpisodeKind.VF):
        episodes = score_episodes(made, kind, FROM_START)
        assert episodes.reference == episodes.test
        assert episodes.reference.overlap == episodes.reference.duration


@given(clean)
def test_a_perfect_detector_of_beats_has_all_runs(marks) -> None:
    runs = score_runs(record(marks, marks), FROM_START)
    for score in (runs.ventricular, runs.supraventricular):
        counts = score.counts()
        assert not any(count for name, count in counts.items() if name.endswith(("FN", "FP")))
        assert score.sensitivity == score.predictivity


@given(clean, clean)
def test_each_beat_of_either_annotator_is_counted_once(reference, test) -> None:
    score = score_beats(record(reference, test), FROM_START)
    sensitivity, predictivity = detections(score)
    assert sensitivity.whole == len(reference)
    assert predictivity.whole in {len(test), len(test) - 1}  # one too early may be passed over
    for label, symbols in {"N": "N", "S": "A", "V": "V", "F": "F", "Q": "Q"}.items():
        assert score.count(label, "nsvfqox") == sum(mark.symbol in symbols for mark in reference)


@given(clean)
def test_a_detector_later_than_the_window_finds_nothing(marks) -> None:
    late = [mark._replace(sample=mark.sample + 18) for mark in marks]
    score = score_beats(record(marks, late), FROM_START)
    assert score.count(BEATS, "nsvfq") == 0
    assert score.count(BEATS, "o") == len(marks)


@given(clean, st.integers(-15, 15))
def test_a_constant_delay_within_the_window_costs_nothing(marks, delay) -> None:
    moved = [mark._replace(sample=mark.sample + delay) for mark in marks]
    score = score_beats(record(marks, moved), FROM_START)
    assert score.count(BEATS, "nsvfq") == len(marks)
    assert not score.rr_error_ms


@given(clean, clean)
def test_scoring_in_two_parts_gives_the_same_counts(reference, test) -> None:
    """Cut where neither annotator has a beat nearby, so that no pair is torn."""
    cut = max(mark.sample for mark in (*reference, *test)) + 100
    second = [mark._replace(sample=mark.sample + cut) for mark in reference]
    second_test = [mark._replace(sample=mark.sample + cut) for mark in test]
    whole = record(reference + second, test + second_test)
    parts = [
        score_beats(whole, Options(start_s=0, stop_s=(cut - 50) / FS_HZ)),
        score_beats(whole, Options(start_s=(cut - 50) / FS_HZ)),
    ]
    together = score_beats(whole, FROM_START)
    for labels in together.counts:
        assert together.counts[labels] == sum(part.counts.get(labels, 0) for part in parts)


@given(st.lists(st.tuples(annotators, annotators), min_size=1, max_size=4))
def test_the_sum_row_is_the_sum_of_the_rows(pairs) -> None:
    records = {str(i): record(*pair) for i, pair in enumerate(pairs)}
    scores = {name: score_beats(made, FROM_START) for name, made in records.items()}
    table = beat_table(scores)
    for name in BEAT_COUNTS:
        assert table.total[name] == sum(beat_row(score)[name] for score in scores.values())
    runs = {name: score_runs(made, FROM_START).ventricular for name, made in records.items()}
    total = run_table("V", runs).total
    assert all(total[name] == sum(score.counts()[name] for score in runs.values()) for name in total)


@given(st.lists(st.tuples(clean, clean), min_size=1, max_size=1))
def test_gross_and_average_of_one_record_are_its_own(pairs) -> None:
    score = score_beats(record(*pairs[0]), FROM_START)
    table = beat_table({"one": score})
    for name in ("Q Se", "Q +P", "V Se", "V +P", "S Se", "V FPR"):
        assert table.gross[name] == table.rows["one"][name]
        assert (table.average[name] is None) == (table.rows["one"][name] is None)
