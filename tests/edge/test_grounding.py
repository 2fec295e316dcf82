"""One strip, and sentences about it that leave or are struck."""

from dataclasses import replace

import pytest

from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.grounding import check, contradictions
from edge.labels import BeatClass, Waveform

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
