"""Sentences made from evidence always leave; the same with one thing altered never do."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.beat_spans import ectopy_spans
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.grounding import check, contradictions
from edge.labels import WAVEFORM_NAMES, BeatClass, Waveform

WINDOW_S = 10.0
NOT_LOOKED_FOR = {
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK,
    Waveform.RIGHT_BUNDLE_BRANCH_BLOCK,
    Waveform.ATRIAL_FLUTTER,
}
RHYTHMS = [w for w in Waveform if w not in (Waveform.VENTRICULAR_BEAT, Waveform.SUPRAVENTRICULAR_BEAT)]
SHORT = {
    Waveform.VENTRICULAR_BEAT: ("PVC", "premature ventricular contraction", "ventricular extrasystole"),
    Waveform.SUPRAVENTRICULAR_BEAT: ("PAC", "atrial premature beat"),
    Waveform.ATRIAL_FIBRILLATION: ("AF", "A-fib", "AFib"),
    Waveform.ATRIAL_FLUTTER: ("atrial flutter",),
    Waveform.VENTRICULAR_TACHYCARDIA: ("VT",),
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK: ("LBBB",),
}
NUMERALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


@st.composite
def evidences(draw: st.DrawFn) -> Evidence:
    """Ten readable seconds with beats, some of them ectopic, and up to two rhythms."""
    gaps = draw(st.lists(st.integers(40, 140), min_size=6, max_size=20))
    times = [0.3]
    for gap in gaps:
        times.append(round(times[-1] + gap / 100, 2))
    classes = draw(st.lists(st.sampled_from("NNNVS"), min_size=len(times), max_size=len(times)))
    beats = tuple(
        EvidenceBeat(at_s, BeatClass(kind))
        for at_s, kind in zip(times, classes, strict=True)
        if at_s < WINDOW_S
    )
    spans = ectopy_spans(beats, WINDOW_S)
    for waveform in draw(st.sets(st.sampled_from(RHYTHMS), max_size=2)):
        start = draw(st.integers(0, 60)) / 10
        spans.append(EvidenceSpan(waveform, start, start + draw(st.integers(10, 40)) / 10))
    ms = st.none() | st.integers(60, 500).map(float)
    return Evidence(WINDOW_S, ("ECG",), beats, tuple(spans), WINDOW_S, draw(ms), draw(ms), draw(ms))


@dataclass(frozen=True, slots=True)
class Said:
    """A true sentence, and others that differ in one thing and are not true."""

    true: str
    altered: tuple[str, ...]


def number(draw: st.DrawFn, n: int) -> str:
    return draw(st.sampled_from([str(n), NUMERALS[n]])) if n < len(NUMERALS) else str(n)


def rate(draw: st.DrawFn, evidence: Evidence) -> Said:
    bpm = evidence.heart_rate_bpm
    form = draw(
        st.sampled_from(["The heart rate is {} bpm.", "Heart rate {}/min.", "Rate of {} beats per minute."])
    )
    off = max(5, 0.05 * bpm) + 1
    return Said(form.format(f"{bpm:.0f}"), (form.format(f"{bpm + off:.0f}"), form.format(f"{bpm - off:.0f}")))


def counted(draw: st.DrawFn, evidence: Evidence) -> Said:
    kind, name = draw(
        st.sampled_from(
            [(BeatClass.VENTRICULAR, "PVC"), (BeatClass.VENTRICULAR, "ventricular ectopic beat"),
             (BeatClass.SUPRAVENTRICULAR, "PAC"), (BeatClass.NORMAL, "normal beat")]
        )
    )  # fmt: skip
    n = evidence.count(kind)
    form = draw(st.sampled_from(["{} are seen.", "There are {} in the strip.", "The ECG shows {}."]))
    wrong = draw(st.integers(0, 14).filter(lambda other: other != n))
    return Said(form.format(f"{number(draw, n)} {name}s"), (form.format(f"{number(draw, wrong)} {name}s"),))


def interval(draw: st.DrawFn, evidence: Evidence) -> Said | None:
    known = [("PR", evidence.pr_ms), ("QRS", evidence.qrs_ms), ("QT", evidence.qt_ms)]
    measured = [pair for pair in known if pair[1] is not None]
    missing = tuple(f"{name} 400 ms." for name, value in known if value is None)
    if not measured:
        return None
    name, value = draw(st.sampled_from(measured))
    form = draw(
        st.sampled_from(["{} {:.0f} ms.", "The {} interval is {:.0f} ms.", "{} of {:.0f} milliseconds."])
    )
    return Said(
        form.format(name, value), (form.format(name, value + 11), form.format(name, value - 11), *missing)
    )


def placed(draw: st.DrawFn, evidence: Evidence) -> Said | None:
    if not evidence.spans:
        return None
    span = draw(st.sampled_from(evidence.spans))
    name = draw(st.sampled_from([WAVEFORM_NAMES[span.waveform], *SHORT.get(span.waveform, ())]))
    form = draw(st.sampled_from(
        ["Yes, {} at {:.1f}-{:.1f} s.", "{} from {:.1f} to {:.1f} s.", "{}: {:.1f} to {:.1f} seconds.",
         "Between {1:.1f} and {2:.1f} s there is {0}."]
    ))  # fmt: skip
    others = evidence.of(span.waveform)
    borders = [b for one in others for b in (one.start_s, one.end_s)]
    borders += [beat.at_s for beat in evidence.beats]
    start, end = span.start_s, span.end_s
    moved = draw(
        st.sampled_from([(start + d, end) for d in (0.4, 1.3, 2.1)] + [(start, end + d) for d in (0.4, 3.3)])
    )
    changed = moved[0] if moved[0] != start else moved[1]
    far = min(abs(changed - border) for border in borders) > 0.36
    altered = (form.format(name, *moved),) if far else ()
    other = draw(st.sampled_from([w for w in Waveform if not evidence.of(w)]))
    return Said(form.format(name, start, end), (*altered, form.format(WAVEFORM_NAMES[other], start, end)))


def present(draw: st.DrawFn, evidence: Evidence) -> Said | None:
    if not evidence.spans:
        return None
    waveform = draw(st.sampled_from(evidence.spans)).waveform
    name = draw(st.sampled_from([WAVEFORM_NAMES[waveform], *SHORT.get(waveform, ())]))
    form = draw(st.sampled_from(["{} is present.", "The strip shows {}.", "There is {}."]))
    denials = (
        f"No {name} in this window.",
        f"There is no {name}.",
        f"{name} is not seen.",
        f"Without {name}.",
    )
    absent = draw(st.sampled_from([w for w in Waveform if not evidence.of(w)]))
    return Said(form.format(name), (*denials, form.format(WAVEFORM_NAMES[absent])))


def denied(draw: st.DrawFn, evidence: Evidence) -> Said | None:
    bpm = evidence.heart_rate_bpm
    unsure = set(NOT_LOOKED_FOR)
    unsure |= {Waveform.BRADYCARDIA} if bpm < 60 else set()
    unsure |= {Waveform.TACHYCARDIA} if bpm > 100 or evidence.of(Waveform.VENTRICULAR_TACHYCARDIA) else set()
    unsure |= {Waveform.TACHYCARDIA} if evidence.of(Waveform.SUPRAVENTRICULAR_RUN) else set()
    absent = [w for w in Waveform if not evidence.of(w) and w not in unsure]
    assume(len(absent) > 1)
    waveform, other = draw(st.permutations(absent))[:2]
    name, second = WAVEFORM_NAMES[waveform], WAVEFORM_NAMES[other]
    true = draw(
        st.sampled_from([f"No {name} in this window.", f"{name} is not seen.", f"No {name} or {second}."])
    )
    return Said(true, (f"{name} is present.", f"{name} at 2.0-4.0 s.", f"No {name} and {second}."))


TEMPLATES = [rate, counted, interval, placed, present, denied]


@st.composite
def cases(draw: st.DrawFn) -> tuple[Evidence, Said]:
    evidence = draw(evidences())
    said = draw(st.sampled_from(TEMPLATES))(draw, evidence)
    assume(said is not None)
    return evidence, said


@settings(deadline=None, max_examples=150)
@given(cases())
def test_what_is_measured_leaves(case: tuple[Evidence, Said]) -> None:
    evidence, said = case
    checked = check(said.true, evidence)
    assert checked.struck == ()
    assert checked.text == said.true


@settings(deadline=None, max_examples=150)
@given(cases())
def test_one_altered_number_finding_or_negation_is_struck(case: tuple[Evidence, Said]) -> None:
    evidence, said = case
    for sentence in said.altered:
        checked = check(sentence, evidence)
        assert checked.kept == (), sentence
        assert len(checked.struck) == 1


@settings(deadline=None, max_examples=50)
@given(st.lists(cases(), min_size=2, max_size=4), st.data())
def test_only_the_altered_sentence_of_a_text_is_struck(drawn: list[tuple[Evidence, Said]], data) -> None:
    evidence = drawn[0][0]
    true = [s for _, one in drawn if check(s := one.true, evidence).kept]
    false = drawn[0][1].altered
    assume(true and false)
    at = data.draw(st.integers(0, len(true)))
    text = " ".join([*true[:at], false[0], *true[at:]])
    checked = check(text, evidence)
    assert checked.kept == tuple(true)
    assert [struck.text for struck in checked.struck] == [false[0]]
    assert contradictions(checked.text, evidence) == 0


VOCABULARY = """
no not AF PVC PVCs and or at from to between 2.4 6.8 s ms bpm % , ; . - 12 two run of couplet QT is normal the
without pause for lasting rhythm regular beats 72 /min absent throughout starts ends 10-second strip
"""
WORDS = st.sampled_from(VOCABULARY.split())


@settings(deadline=None, max_examples=200)
@given(st.text() | st.lists(WORDS, max_size=14).map(" ".join), evidences())
def test_any_text_is_kept_or_struck_and_never_raises(text: str, evidence: Evidence) -> None:
    checked = check(text, evidence)
    parts = [*checked.kept, *(struck.text for struck in checked.struck)]
    assert all(part in text for part in parts)
    again = check(checked.text, evidence)
    assert again.struck == ()


@settings(deadline=None, max_examples=200)
@given(st.lists(WORDS, max_size=14).map(" ".join), evidences())
def test_what_leaves_names_no_rhythm_that_was_not_found(text: str, evidence: Evidence) -> None:
    """Whatever the words around it: `AF` without a negation anywhere only leaves where it was found."""
    words = set(text.replace(",", " ").split())
    negated = words & {"no", "not", "without", "absent"}
    if "AF" in words and not negated and check(text, evidence).kept == (text,):
        assert evidence.of(Waveform.ATRIAL_FIBRILLATION)


STRIP = Evidence(
    10.0,
    ("II",),
    tuple(
        EvidenceBeat(at_s, BeatClass(kind))
        for at_s, kind in [
            (0.3, "N"), (1.1, "N"), (1.9, "N"), (2.4, "V"), (3.1, "N"), (3.9, "N"), (4.7, "N"), (5.5, "N"),
            (6.2, "V"), (6.7, "V"), (8.1, "N"), (8.9, "N"), (9.7, "N"),
        ]
    ),
    (EvidenceSpan(Waveform.VENTRICULAR_BEAT, 1.9, 3.1), EvidenceSpan(Waveform.VENTRICULAR_BEAT, 5.5, 8.1)),
    10.0,
    160,
    96,
    400,
)  # fmt: skip


@pytest.mark.parametrize(
    "sentence",
    [
        "Three ventricular ectopic beats, at 2.4, 6.2 and 6.7 s.",
        "A single couplet from 5.5 to 8.1 s.",
        "One ventricular couplet and 3 PVCs.",
        "Ventricular ectopic beat at 1.9-3.1 s and 5.5-8.1 s.",
        "No pause, bradycardia or run.",
        "Atrial fibrillation is not seen, and 3 PVCs are present.",
        "No, there is no atrial fibrillation.",
        "The QT interval is normal, QTc 433 ms.",
        "Lead II, 13 beats in 10 s.",
        "A 10-second strip.",
        "23 % of beats are ventricular ectopic beats.",
        "The longest RR is 1400 ms.",
        "The signal is readable.",
        "An ECG strip cannot answer that; please ask a clinician.",
        "The couplet starts at 5.5 s and ends at 8.1 s.",
    ],
)
def test_true_sentences(sentence: str) -> None:
    assert check(sentence, STRIP).struck == ()


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("Two ventricular ectopic beats.", "contradicted"),
        ("A couplet at 2.4 s.", "contradicted"),
        ("A run of 3 ventricular beats.", "contradicted"),
        ("Ventricular bigeminy.", "contradicted"),
        ("The rhythm is regular.", "contradicted"),
        ("No ectopy.", "contradicted"),
        ("No abnormal waveform is seen.", "contradicted"),
        ("Prolonged QT.", "contradicted"),
        ("Lead V1 shows a PVC.", "not_understood"),
        ("The PVC starts at 1.9 s and ends at 6.7 s.", "contradicted"),
        ("No left bundle branch block.", "unsupported"),
        ("There was an infarction.", "unsupported"),
        ("The PVCs are benign.", "unsupported"),
        ("Caused by stress.", "unsupported"),
        ("Take a beta blocker.", "unsupported"),
        ("No AF and PVCs.", "not_understood"),
        ("Not without PVCs.", "not_understood"),
        ("More than 3 PVCs.", "not_understood"),
        ("Only normal beats.", "not_understood"),
        ("Wide QRS complexes: 3.", "not_understood"),
        ("PVC at -2.4 s.", "not_understood"),
        ("PVC at .4 s.", "contradicted"),
        ("3 of 4 PVCs.", "not_understood"),
        ("The heart rate is 60-80 bpm.", "not_understood"),
        ("QRS 96.", "kept"),
        ("QRS 96 bpm.", "not_understood"),
        ("All is well.", "not_understood"),
        ("Yes.", "not_understood"),
        ("Trois PVCs.", "not_understood"),
        ("٣ PVCs.", "not_understood"),
    ],
)
def test_sentences_that_must_not_leave(sentence: str, kind: str) -> None:
    checked = check(sentence, STRIP)
    assert ([struck.kind for struck in checked.struck] or ["kept"]) == [kind]


def test_a_point_within_a_number_ends_no_sentence() -> None:
    checked = check("PVC at 2.4 s. AF at 2.4 s! The heart rate is 77 bpm", STRIP)
    assert checked.kept == ("PVC at 2.4 s.", "The heart rate is 77 bpm")
    assert contradictions("PVC at 2.4 s. AF at 2.4 s! The heart rate is 90 bpm", STRIP) == 2


def test_of_unreadable_signal_nothing_is_denied() -> None:
    unreadable = replace(STRIP, beats=(), spans=(), readable_s=2.0, pr_ms=None, qrs_ms=None, qt_ms=None)
    for sentence in (
        "No atrial fibrillation.",
        "Zero PVCs.",
        "No abnormal waveform is seen.",
        "Sinus rhythm.",
    ):
        assert check(sentence, unreadable).kept == ()
    assert check("The signal is noisy.", unreadable).struck == ()


def test_sinus_rhythm_needs_regular_normal_beats() -> None:
    beats = tuple(EvidenceBeat(0.4 + 0.8 * i, BeatClass.NORMAL) for i in range(12))
    calm = Evidence(10.0, ("I",), beats, (), 10.0)
    assert check("Normal sinus rhythm at 75 bpm. No finding.", calm).struck == ()
    fibrillating = replace(calm, spans=(EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 0.0, 10.0),))
    assert check("Sinus rhythm.", fibrillating).struck[0].kind == "contradicted"
    assert check("Atrial fibrillation throughout.", fibrillating).struck == ()
