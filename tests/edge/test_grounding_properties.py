"""Sentences made from evidence always leave; the same with one thing altered never do."""

from dataclasses import dataclass

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
