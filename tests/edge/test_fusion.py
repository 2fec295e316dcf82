from hypothesis import given, settings
from hypothesis import strategies as st

from edge.events import LocalizedFinding
from edge.evidence import EvidenceSpan
from edge.fusion import (
    LEAST_CONFIDENCE,
    MODEL_MAY_SAY,
    MODEL_SETS_BORDERS,
    WITNESS_OF_WAVEFORM,
    fuse,
    waveform_of,
)
from edge.labels import Finding, Waveform

MODEL = ("language_model",)
TENTHS = st.integers(0, 100)


def stretches() -> st.SearchStrategy[tuple[float, float]]:
    return st.tuples(TENTHS, TENTHS).map(lambda pair: (min(pair) / 10, max(pair) / 10))


SPANS = st.lists(
    st.builds(
        lambda waveform, at: EvidenceSpan(waveform, *at),
        st.sampled_from(list(WITNESS_OF_WAVEFORM)),
        stretches(),
    ),
    max_size=6,
)
SAID = st.lists(
    st.builds(
        lambda finding, at, confidence: LocalizedFinding(
            finding=finding, start_s=at[0], end_s=at[1], confidence=confidence
        ),
        st.sampled_from(Waveform) | st.sampled_from(Finding),
        stretches(),
        st.none() | st.floats(0, 1),
    ),
    max_size=8,
)


def said(waveform: Waveform, start_s: float, end_s: float, confidence: float = 0.9) -> LocalizedFinding:
    return LocalizedFinding(finding=waveform, start_s=start_s, end_s=end_s, confidence=confidence)


def test_who_decides_what_covers_every_waveform_once() -> None:
    assert WITNESS_OF_WAVEFORM.keys() | MODEL_MAY_SAY == set(Waveform)
    assert not WITNESS_OF_WAVEFORM.keys() & MODEL_MAY_SAY


def test_an_overlapping_finding_makes_the_model_a_witness_with_the_measured_borders() -> None:
    measured = EvidenceSpan(Waveform.VENTRICULAR_BEAT, 1.9, 3.1)
    fused = fuse([measured], [said(Waveform.VENTRICULAR_BEAT, 2.2, 4.0, 0.4)])
    (found,) = fused.findings
    assert (found.start_s, found.end_s, found.confidence) == (1.9, 3.1, 0.4)
    assert found.seen_by == ("encoder", "language_model")
    assert fused.unconfirmed == 0


def test_what_only_touches_or_is_another_waveform_is_unconfirmed() -> None:
    measured = EvidenceSpan(Waveform.PAUSE, 1.9, 5.1)
    fused = fuse(
        [measured], [said(Waveform.PAUSE, 5.1, 7.0), said(Waveform.VENTRICULAR_TACHYCARDIA, 2.0, 5.0)]
    )
    assert [(one.finding, one.seen_by) for one in fused.findings] == [(Waveform.PAUSE, ("rule",))]
    assert fused.unconfirmed == 2


def test_flutter_is_the_models_own_word_if_it_is_sure() -> None:
    flutter = Waveform.ATRIAL_FLUTTER
    fused = fuse([], [said(flutter, 0, 4, 0.8), said(flutter, 3, 9, 0.9), said(flutter, 9.5, 10, 0.3)])
    (found,) = fused.findings
    assert (found.start_s, found.end_s, found.confidence, found.seen_by) == (0, 9, 0.9, MODEL)
    assert fused.unconfirmed == 1


@settings(deadline=None)
@given(SPANS, SAID)
def test_fusing_the_result_again_changes_nothing(spans, model) -> None:
    once = fuse(spans, model)
    again = fuse(spans, once.findings)
    assert again.findings == once.findings
    assert again.unconfirmed == 0


@settings(deadline=None)
@given(SPANS, SAID, st.randoms(use_true_random=False))
def test_the_order_does_not_matter(spans, model, random) -> None:
    once = fuse(spans, model)
    random.shuffle(spans)
    random.shuffle(model)
    assert fuse(spans, model) == once


@settings(deadline=None)
@given(SPANS, SAID)
def test_measured_findings_all_stay_and_the_model_adds_only_what_it_may(spans, model) -> None:
    fused = fuse(spans, model)
    measured = [one for one in fused.findings if one.seen_by != MODEL]
    for span in spans:
        own = [one for one in measured if one.finding is span.waveform]
        assert any(one.start_s <= span.end_s and span.start_s <= one.end_s for one in own)
        if span.waveform not in MODEL_SETS_BORDERS:
            assert any(one.start_s <= span.start_s and span.end_s <= one.end_s for one in own)
    borders_of = {(one.waveform, at) for one in spans for at in (one.start_s, one.end_s)}
    borders_of |= {
        (waveform_of(one.finding), at)
        for one in model
        for at in (one.start_s, one.end_s)
        if waveform_of(one.finding) in MODEL_SETS_BORDERS
    }
    assert {(one.finding, at) for one in measured for at in (one.start_s, one.end_s)} <= borders_of
    for one in fused.findings:
        if one.seen_by == MODEL:
            assert one.finding in MODEL_MAY_SAY
            assert one.confidence >= LEAST_CONFIDENCE


def test_where_both_see_fibrillation_the_model_sets_its_borders() -> None:
    measured = [
        EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 4.6, 10.0),
        EvidenceSpan(Waveform.VENTRICULAR_TACHYCARDIA, 4.6, 10.0),
    ]
    model = [
        said(Waveform.ATRIAL_FIBRILLATION, 2.1, 8.0, 0.8),
        said(Waveform.VENTRICULAR_TACHYCARDIA, 2.1, 8.0, 0.8),
    ]
    fused = fuse(measured, model)
    borders = {one.finding: (one.start_s, one.end_s) for one in fused.findings}
    assert borders[Waveform.ATRIAL_FIBRILLATION] == (2.1, 8.0)
    assert borders[Waveform.VENTRICULAR_TACHYCARDIA] == (4.6, 10.0)
    assert all(one.seen_by[1:] == MODEL for one in fused.findings)
    assert fused.unconfirmed == 0


def test_fibrillation_that_the_encoder_alone_or_the_model_alone_sees_is_left_to_the_encoder() -> None:
    measured = EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 6.0, 10.0)
    fused = fuse([measured], [said(Waveform.ATRIAL_FIBRILLATION, 0.0, 5.0)])
    (found,) = fused.findings
    assert (found.start_s, found.end_s, found.seen_by) == (6.0, 10.0, ("encoder",))
    assert fused.unconfirmed == 1
