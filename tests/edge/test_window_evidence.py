"""Evidence of windows of a stream, by hand and by property."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.labels import BeatClass, Finding, Rhythm, Waveform
from edge.stream import NS_PER_S, Beat, RhythmChange, Second, Span
from edge.window_evidence import Window, WindowMemory, window_evidence

FS_HZ, START_NS = 100, 1_760_000_000 * NS_PER_S
WINDOW = Window(20 * FS_HZ, 30 * FS_HZ, START_NS + 20 * NS_PER_S, FS_HZ, ("I",))


def at_ns(at_s: float) -> int:
    return START_NS + round(at_s * NS_PER_S)


def beat(at_s: float, kind: str = "N") -> Beat:
    return Beat(round(at_s * FS_HZ), at_ns(at_s), BeatClass(kind), 0.9, None)


def second(first_s: int, *, analysable: bool = True) -> Second:
    return Second(first_s * FS_HZ, at_ns(first_s), 1.0, analysable, 0.0, first_s * FS_HZ)


def span(finding: Finding, onset_s: float, last_s: float, end_s: float | None = None) -> Span:
    end_ns = None if end_s is None else at_ns(end_s)
    return Span(finding, round(onset_s * FS_HZ), at_ns(onset_s), at_ns(last_s), end_ns, 0.9)


def places(evidence, waveform: Waveform) -> list[tuple[float, float]]:
    return [(one.start_s, one.end_s) for one in evidence.of(waveform)]


def test_ectopy_goes_from_the_beat_before_to_the_beat_after_also_across_the_border() -> None:
    beats = [beat(19.5, "V"), beat(20.4), beat(21.2), beat(21.7, "V"), beat(22.9)]
    beats += [beat(29.1), beat(29.6, "V"), beat(30.9)]
    evidence = window_evidence(WINDOW, beats, (), (), [second(i) for i in range(40)])
    assert places(evidence, Waveform.VENTRICULAR_BEAT) == [(1.2, 2.9), (9.1, 10.0)]
    assert [b.at_s for b in evidence.beats] == [0.4, 1.2, 1.7, 2.9, 9.1, 9.6]
    assert evidence.readable_s == evidence.duration_s == 10


def test_spans_of_rules_are_clipped_and_open_ones_end_where_they_were_last_seen() -> None:
    spans = [
        span(Finding.BRADYCARDIA, 5, 24, None),
        span(Finding.PAUSE, 26, 29.5, 29.5),
        span(Finding.VENTRICULAR_BIGEMINY, 1, 12, 12),
        span(Finding.VENTRICULAR_COUPLET, 22, 23, 23),
        span(Finding.ATRIAL_FIBRILLATION, 0, 30, 30),
    ]
    evidence = window_evidence(WINDOW, [], spans, (), ())
    assert {one.waveform: (one.start_s, one.end_s) for one in evidence.spans} == {
        Waveform.BRADYCARDIA: (0.0, 4.0),
        Waveform.PAUSE: (6.0, 9.5),
    }


def test_fibrillation_is_told_by_turns_of_rhythm_before_it_is_an_episode() -> None:
    turns = [
        RhythmChange(10 * FS_HZ, Rhythm.ATRIAL_FIBRILLATION),
        RhythmChange(22 * FS_HZ, Rhythm.NON_AF),
        RhythmChange(27 * FS_HZ, Rhythm.ATRIAL_FIBRILLATION),
    ]
    assert places(window_evidence(WINDOW, [], (), turns, ()), Waveform.ATRIAL_FIBRILLATION) == [
        (0, 2),
        (7, 10),
    ]


def test_unreadable_seconds_are_noise_and_unknown_ones_are_not_readable() -> None:
    seconds = [second(i, analysable=i not in (23, 24)) for i in range(27)]
    evidence = window_evidence(WINDOW, [], (), (), seconds)
    assert places(evidence, Waveform.UNREADABLE) == [(3, 5)]
    assert evidence.readable_s == 5


TIMES = st.integers(0, 400).map(lambda tenths: tenths / 10)


@settings(deadline=None)
@given(
    st.lists(st.tuples(TIMES, st.sampled_from("NVSQ")), max_size=60),
    st.lists(st.tuples(st.sampled_from(Finding), TIMES, TIMES), max_size=8),
    st.lists(st.tuples(TIMES, st.booleans()), max_size=8),
)
def test_all_of_it_lies_in_the_window_in_order(beats, spans, turns) -> None:
    made = sorted((beat(at_s, kind) for at_s, kind in dict(beats).items()), key=lambda one: one.index)
    known = [span(finding, min(a, b), max(a, b)) for finding, a, b in spans]
    changes = [
        RhythmChange(round(at_s * FS_HZ), Rhythm.ATRIAL_FIBRILLATION if af else Rhythm.NON_AF)
        for at_s, af in sorted(turns)
    ]
    memory = WindowMemory()
    for change in changes:
        memory.add_turn(change)
    for one in known:
        memory.add_span(one)
    evidence = memory.evidence(WINDOW, made)
    assert all(0 <= one.start_s < one.end_s <= 10 for one in evidence.spans)
    assert [one.start_s for one in evidence.spans] == sorted(one.start_s for one in evidence.spans)
    inside = sum(20 <= one.index / FS_HZ < 30 for one in made)
    assert len(evidence.beats) == inside
