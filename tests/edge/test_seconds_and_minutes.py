from edge.bundle import Thresholds
from edge.labels import BeatClass, Finding, Rhythm
from edge.minutes import MinuteCounter
from edge.second_tracker import DurationSettings, SecondTracker
from edge.stream import NS_PER_S, Beat, Second

THRESHOLDS = Thresholds(beat=0.3, class_weight={}, af_on=0.6, af_off=0.4, vf=0.5, analysable=0.5)


def second(i: int, af: float = 0.0, *, analysable: bool = True, vf: float = 0.0) -> Second:
    return Second(i * 100, i * NS_PER_S, 1.0, analysable, af, i * 100, vf)


def run(seconds: list[Second]):
    tracker = SecondTracker(THRESHOLDS, DurationSettings())
    steps = [tracker.feed(s) for s in seconds]
    spans = [span for step in steps for span in step.spans] + list(
        tracker.interrupt(len(seconds) * 100, len(seconds) * NS_PER_S).spans
    )
    return [step.rhythm_change for step in steps if step.rhythm_change], spans


def test_af_of_half_a_minute_is_an_episode_and_begins_where_it_began() -> None:
    changes, spans = run([second(i, 0.95 if 40 <= i < 100 else 0.02) for i in range(150)])
    assert [change.rhythm for change in changes] == [Rhythm.ATRIAL_FIBRILLATION, Rhythm.NON_AF]
    assert abs(changes[0].index - 4000) <= 300
    assert abs(changes[1].index - 10000) <= 300
    ended = [span for span in spans if span.end_ns is not None]
    assert [span.finding for span in ended] == [Finding.ATRIAL_FIBRILLATION]
    assert abs(ended[0].onset_ns / NS_PER_S - 40) <= 3


def test_short_af_and_flicker_are_none() -> None:
    assert run([second(i, 0.9 if 40 <= i < 52 else 0.0) for i in range(120)])[1] == []
    assert run([second(i, float(i % 2)) for i in range(120)])[1] == []


def test_ventricular_fibrillation_is_told_within_seconds_readable_or_not() -> None:
    tracker = SecondTracker(THRESHOLDS, DurationSettings())
    told = None
    for i in range(60):
        is_vf = 20 <= i < 40
        step = tracker.feed(second(i, analysable=not is_vf, vf=0.9 if is_vf else 0.01))
        spans = [s for s in step.spans if s.finding is Finding.VENTRICULAR_FIBRILLATION]
        told = told if told is not None or not spans else i
        if spans and spans[0].end_ns is not None:
            assert abs(spans[0].onset_ns / NS_PER_S - 20) <= 2
            assert abs(spans[0].end_ns / NS_PER_S - 40) <= 2
    assert 23 <= told <= 27


def test_two_seconds_that_look_like_it_are_not_fibrillation() -> None:
    _, spans = run([second(i, vf=0.9 if i in (20, 21) else 0.01) for i in range(60)])
    assert spans == []


def test_unreadable_signal_is_told_after_half_a_minute() -> None:
    _, spans = run([second(i, analysable=not 20 <= i < 60) for i in range(90)])
    assert {span.finding for span in spans} == {Finding.UNANALYSABLE}
    assert spans[0].onset_ns == 20 * NS_PER_S
    assert spans[-1].end_ns == 60 * NS_PER_S


def test_af_is_not_claimed_across_unreadable_signal() -> None:
    seconds = [second(i, 0.95, analysable=not 16 <= i < 616) for i in range(660)]
    changes, spans = run(seconds)
    af = [span for span in spans if span.finding is Finding.ATRIAL_FIBRILLATION and span.end_ns is not None]
    assert all(span.end_ns - span.onset_ns < 60 * NS_PER_S for span in af)
    assert [change.rhythm for change in changes][:2] == [Rhythm.ATRIAL_FIBRILLATION, Rhythm.NON_AF]


def test_a_gap_in_af_ends_the_rhythm_too() -> None:
    tracker = SecondTracker(THRESHOLDS, DurationSettings())
    for i in range(60):
        tracker.feed(second(i, 0.95))
    step = tracker.interrupt(6000, 60 * NS_PER_S)
    assert step.rhythm_change.rhythm is Rhythm.NON_AF
    assert step.rhythm_change.index == 6000
    assert [span.finding for span in step.spans] == [Finding.ATRIAL_FIBRILLATION]


def test_minute_adds_up() -> None:
    counter = MinuteCounter()
    for i in range(60):
        counter.add_second(second(i, analysable=i >= 10), Rhythm.NON_AF)
    for i in range(75):
        beat_class = BeatClass.VENTRICULAR if i == 7 else BeatClass.NORMAL
        counter.add_beat(Beat(i, round(i * 0.8 * NS_PER_S), beat_class, 1.0, 800.0 if i else None))
    assert counter.close_before(59 * NS_PER_S) == []
    (minute,) = counter.close_before(60 * NS_PER_S)
    assert (minute.wear_s, minute.analysable_s) == (60.0, 50.0)
    assert minute.beats == {"N": 74, "V": 1}
    assert minute.rhythm_s == {"N": 50.0}
    assert minute.mean_heart_rate_bpm == minute.min_heart_rate_bpm == minute.max_heart_rate_bpm == 75.0
    assert minute.longest_rr_ms == 800.0
