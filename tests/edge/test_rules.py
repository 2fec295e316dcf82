from collections.abc import Iterable

from edge.labels import BeatClass, Finding
from edge.rule_tracker import RuleTracker
from edge.rules import RuleSettings
from edge.stream import Beat, Span


def beats(pattern: str, rr_ms: float = 800.0) -> list[Beat]:
    """One beat a letter; a `|` before a letter means that the interval to it is unknown."""
    out, index, known = [], 0, False
    for letter in pattern:
        if letter == "|":
            known = False
            continue
        index += 1
        at_ns = round(index * rr_ms * 1e6)
        out.append(Beat(index, at_ns, BeatClass(letter), 0.9, rr_ms if known else None))
        known = True
    return out


def spans(stream: Iterable[Beat]) -> list[Span]:
    tracker = RuleTracker(RuleSettings())
    changes = [span for beat in stream for span in tracker.feed(beat)] + tracker.interrupt()
    return [span for span in changes if span.end_ns is not None]


def names(pattern: str, rr_ms: float = 800.0) -> list[tuple[Finding, int]]:
    return [(span.finding, span.onset_index) for span in spans(beats(pattern, rr_ms))]


def test_couplet_run_and_tachycardia() -> None:
    assert names("NNVVNN") == [(Finding.VENTRICULAR_COUPLET, 3)]
    assert names("NNVNN") == []
    assert names("NNVVVNN", 700) == [(Finding.VENTRICULAR_RUN, 3)]
    assert names("NNVVVVNN", 500) == [(Finding.VENTRICULAR_TACHYCARDIA, 3)]
    assert names("NNSSSNN") == [(Finding.SUPRAVENTRICULAR_RUN, 3)]


def test_a_run_that_speeds_up_does_not_hide() -> None:
    found = names("NVVV", 700) + names("NVVVV", 500)
    assert Finding.VENTRICULAR_TACHYCARDIA in {finding for finding, _ in found}


def test_a_tachycardia_does_not_flap() -> None:
    """Ten ventricular beats around 100 a minute are one episode."""
    stream, at_ns = [], 0
    for i, rr_ms in enumerate([800, 800, 590, 590, 590, 640, 650, 560, 590, 640, 660, 600, 800, 800]):
        at_ns += rr_ms * 1_000_000
        kind = BeatClass.VENTRICULAR if 2 <= i < 12 else BeatClass.NORMAL
        stream.append(Beat(i, at_ns, kind, 0.9, float(rr_ms) if i else None))
    assert [span.finding for span in spans(stream)] == [Finding.VENTRICULAR_TACHYCARDIA]


def test_a_pause_that_the_signal_ends_lasts_as_long_as_it_was_told() -> None:
    tracker = RuleTracker(RuleSettings())
    (first,) = beats("N", 1000)
    tracker.feed(first)
    (opened,) = tracker.silence(first.at_ns + 17_000_000_000)
    (closed,) = tracker.interrupt()
    assert closed.end_ns == opened.last_ns


def test_bigeminy_and_trigeminy() -> None:
    assert names("NNNVNVNVNNN") == [(Finding.VENTRICULAR_BIGEMINY, 3)]
    assert names("NNVNVNN") == []
    assert [finding for finding, _ in names("NNVNNVNNVNNN")] == [Finding.VENTRICULAR_TRIGEMINY]
    assert names("NNVNNVNNN") == []


def test_gap_breaks_every_pattern() -> None:
    assert names("NNV|VNN") == []
    assert names("NVN|VNV") == []


def test_rates() -> None:
    assert [finding for finding, _ in names("N" * 12, 1700)] == [Finding.BRADYCARDIA]
    assert [finding for finding, _ in names("N" * 12, 400)] == [Finding.TACHYCARDIA]
    assert names("N" * 12, 800) == []


def test_pause_is_told_before_the_beat_that_ends_it() -> None:
    tracker = RuleTracker(RuleSettings(pause_ms=3000))
    first, *_ = beats("NNN", 1000)
    tracker.feed(first)
    assert tracker.silence(first.at_ns + 2_900_000_000) == []
    (opened,) = tracker.silence(first.at_ns + 3_100_000_000)
    assert (opened.finding, opened.end_ns) == (Finding.PAUSE, None)
    ending = Beat(9, first.at_ns + 5_000_000_000, BeatClass.NORMAL, 0.9, 5000.0)
    (closed,) = tracker.feed(ending)
    assert closed.onset_index == opened.onset_index
    assert closed.end_ns == ending.at_ns
