"""Where in a window a subject is, by spans and by beats."""

from itertools import groupby
from typing import Final

from edge.evidence import Evidence, EvidenceBeat
from edge.grounding_subjects import Subject
from edge.labels import BeatClass, Waveform

_S, _V, _A = Subject, BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR
_COUPLET, _RUN = 2, 3  # beats

WAVEFORM_OF_SUBJECT: Final[dict[Subject, Waveform]] = {
    _S.VENTRICULAR_BEAT: Waveform.VENTRICULAR_BEAT,
    _S.SUPRAVENTRICULAR_BEAT: Waveform.SUPRAVENTRICULAR_BEAT,
    _S.SUPRAVENTRICULAR_RUN: Waveform.SUPRAVENTRICULAR_RUN,
    _S.BIGEMINY: Waveform.VENTRICULAR_BIGEMINY,
    _S.TRIGEMINY: Waveform.VENTRICULAR_TRIGEMINY,
    _S.ATRIAL_FIBRILLATION: Waveform.ATRIAL_FIBRILLATION,
    _S.ATRIAL_FLUTTER: Waveform.ATRIAL_FLUTTER,
    _S.VENTRICULAR_TACHYCARDIA: Waveform.VENTRICULAR_TACHYCARDIA,
    _S.VENTRICULAR_FIBRILLATION: Waveform.VENTRICULAR_FIBRILLATION,
    _S.LEFT_BUNDLE_BRANCH_BLOCK: Waveform.LEFT_BUNDLE_BRANCH_BLOCK,
    _S.RIGHT_BUNDLE_BRANCH_BLOCK: Waveform.RIGHT_BUNDLE_BRANCH_BLOCK,
    _S.PAUSE: Waveform.PAUSE,
    _S.BRADYCARDIA: Waveform.BRADYCARDIA,
    _S.TACHYCARDIA: Waveform.TACHYCARDIA,
    _S.NOISE: Waveform.UNREADABLE,
}
CLASSES_OF_SUBJECT: Final[dict[Subject, tuple[BeatClass, ...]]] = {
    _S.VENTRICULAR_BEAT: (_V,),
    _S.SUPRAVENTRICULAR_BEAT: (_A,),
    _S.ECTOPIC_BEAT: (_V, _A),
    _S.BEAT: tuple(BeatClass),
    _S.NORMAL_BEAT: (BeatClass.NORMAL,),
    _S.FUSION_BEAT: (BeatClass.FUSION,),
    _S.UNKNOWN_BEAT: (BeatClass.UNKNOWN,),
}
_NO_RHYTHM: Final = frozenset({_S.VENTRICULAR_BEAT, _S.SUPRAVENTRICULAR_BEAT, _S.PAUSE, _S.NOISE})

Stretch = tuple[float, float]


def spans_s(subject: Subject, evidence: Evidence) -> list[Stretch]:
    """Where it is; a couplet or run from the beat before it to the beat after it."""
    if subject is _S.ECTOPIC_BEAT:
        return spans_s(_S.VENTRICULAR_BEAT, evidence) + spans_s(_S.SUPRAVENTRICULAR_BEAT, evidence)
    waveform = WAVEFORM_OF_SUBJECT.get(subject)
    found = [(span.start_s, span.end_s) for span in evidence.of(waveform)] if waveform else []
    return found + [_around(run, evidence) for run in runs(subject, evidence)]


def moments_s(subject: Subject, evidence: Evidence) -> list[float]:
    """When each of its beats is."""
    classes = CLASSES_OF_SUBJECT.get(subject, ())
    in_runs = [beat.at_s for run in runs(subject, evidence) for beat in run]
    return in_runs + [beat.at_s for beat in evidence.beats if beat.beat_class in classes]


def runs(subject: Subject, evidence: Evidence) -> list[list[EvidenceBeat]]:
    """The beats of each couplet, triplet or run; nothing for other subjects."""
    ventricular = [run for run in _stretches(evidence) if run[0].beat_class is _V]
    if subject in {_S.COUPLET, _S.TRIPLET}:
        return [run for run in ventricular if len(run) == (_COUPLET if subject is _S.COUPLET else _RUN)]
    if subject is _S.VENTRICULAR_RUN:
        return [run for run in ventricular if len(run) >= _RUN]
    if subject is _S.RUN:
        return [run for run in _stretches(evidence) if run[0].beat_class in {_V, _A} and len(run) >= _RUN]
    return []


def run_lengths(evidence: Evidence, beat_class: BeatClass) -> list[int]:
    """Lengths of all stretches of beats of one class."""
    return [len(run) for run in _stretches(evidence) if run[0].beat_class is beat_class]


def rate_during_bpm(subject: Subject, evidence: Evidence) -> list[float]:
    """The mean rate in each span of a rhythm that holds three beats or more."""
    rates = []
    for start_s, end_s in [] if subject in _NO_RHYTHM else spans_s(subject, evidence):
        times = [beat.at_s for beat in evidence.beats if start_s <= beat.at_s <= end_s]
        if len(times) >= _RUN and times[-1] > times[0]:
            rates.append(60 * (len(times) - 1) / (times[-1] - times[0]))
    return rates


def _stretches(evidence: Evidence) -> list[list[EvidenceBeat]]:
    return [list(run) for _, run in groupby(evidence.beats, key=lambda beat: beat.beat_class)]


def _around(run: list[EvidenceBeat], evidence: Evidence) -> Stretch:
    before = [beat.at_s for beat in evidence.beats if beat.at_s < run[0].at_s]
    after = [beat.at_s for beat in evidence.beats if beat.at_s > run[-1].at_s]
    return (before[-1] if before else 0.0, after[0] if after else evidence.duration_s)
