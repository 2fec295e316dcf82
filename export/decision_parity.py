"""The gate's second half: what a patient would be told, by torch, by the float and by the int8 bundle.

The golden windows are joined to one recording, and the three read it as the edge does: beats and their
classes, episodes, seconds of ventricular fibrillation, and boundaries of waves are compared.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from edge.contiguous_run import UV_PER_MV, EncodedSpan
from edge.encoder import Encoder
from edge.labels import Finding, Rhythm
from edge.pipeline import Pipeline, PipelineSettings
from edge.second_tracker import DurationSettings
from edge.stream import NS_PER_S, Beat, EpisodeStep, Output, PlacedBlock
from edge.wave_order import Wave
from edge.wave_run import WaveReader
from export.parity import CLASS_AGREEMENT, ParityError

Float32 = npt.NDArray[np.float32]

# where one beat of a couplet changes its class, an episode does; the joins of windows add their own
EPISODE_AGREEMENT, VF_AGREEMENT = 0.75, 0.85
WAVE_AGREEMENT, BOUNDARY_AGREEMENT = 0.97, 0.97
TOLD_BEAT_AGREEMENT = 0.98  # of the windows alone more is asked, see export.parity
BOUNDARY_S = 0.02
_SAME_WAVE_S, _SAME_BEAT_S = 0.15, 0.05
_BLOCK_S = 30
# a window is a few seconds of one patient: findings that last are to show in it
_SETTINGS = PipelineSettings(durations=DurationSettings(af_s=6.0, vf_s=4.0, unanalysable_s=6.0))


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """Shares of what either found that both did; of boundaries, those less than 20 ms apart.

    `class_agreement` is of the beats that both found, as the pipeline tells them.
    """

    episode_agreement: float
    vf_agreement: float
    wave_agreement: float
    boundary_agreement: float
    beat_agreement: float
    class_agreement: float


@dataclass(frozen=True, slots=True)
class Decisions:
    """The three, two by two."""

    torch_to_float: DecisionReport
    torch_to_int8: DecisionReport
    float_to_int8: DecisionReport


@dataclass(frozen=True, slots=True)
class Told:
    """`episodes` as finding, onset and end in seconds; `vf_s` holds the seconds called VF.

    `beats` are class and time in seconds.
    """

    episodes: list[tuple[Finding, float, float]]
    vf_s: frozenset[int]
    waves: list[Wave]
    beats: list[tuple[str, float]]


def check_decisions(torch: Encoder, float_onnx: Encoder, int8: Encoder, windows: list[Float32]) -> Decisions:
    """Compare on the first leads of `windows` `[leads, samples]`; raises `ParityError` below any limit."""
    ecg_uv = np.round(np.concatenate([window[0] for window in windows]) * UV_PER_MV).astype(np.int32)
    by_torch, by_float, by_int8 = (told_by(encoder, ecg_uv[:, None]) for encoder in (torch, float_onnx, int8))
    decisions = Decisions(compare(by_torch, by_float), compare(by_torch, by_int8), compare(by_float, by_int8))
    for pair in fields(decisions):
        reference, found = pair.name.split("_to_")
        _judge(getattr(decisions, pair.name), reference, found)
    return decisions


def told_by(encoder: Encoder, ecg_uv: npt.NDArray[np.int32]) -> Told:
    """Run the pipeline, and the reader of waves beside it, on `[samples, leads]` at the encoder's rate."""
    manifest, vf_s = encoder.manifest, set[int]()
    fs, vf = manifest.fs_hz, manifest.rhythms.index(Rhythm.VENTRICULAR_FIBRILLATION)
    reader = WaveReader(manifest, fs)

    def beside(origin: int, span: EncodedSpan) -> None:
        reader.feed(origin, span)
        is_vf = span.frames.rhythm[:, vf] >= manifest.thresholds.vf
        vf_s.update((np.flatnonzero(is_vf) + span.first_s).tolist())

    pipeline = Pipeline(encoder, fs, ecg_uv.shape[1], _SETTINGS, beside)
    outputs: list[Output] = []
    for first in range(0, len(ecg_uv), _BLOCK_S * fs):
        block = PlacedBlock(first, first * NS_PER_S // fs, ecg_uv[first : first + _BLOCK_S * fs])
        outputs += pipeline.feed(block)
    outputs += pipeline.flush()
    beats = [(str(beat.beat_class), beat.at_ns / NS_PER_S) for beat in outputs if isinstance(beat, Beat)]
    return Told(_episodes(outputs), frozenset(vf_s), reader.flush(), beats)


def compare(ours: Told, theirs: Told) -> DecisionReport:
    """Where neither found anything they agree."""
    same = [
        (ours.waves[i], theirs.waves[j])
        for i, j in _pairs([_place(w) for w in ours.waves], [_place(w) for w in theirs.waves])
    ]
    near = sum(
        abs(a - b) < BOUNDARY_S
        for one, other in same
        for a, b in ((one.onset_s, other.onset_s), (one.end_s, other.end_s))
    )
    n_episodes = len(_pairs(ours.episodes, theirs.episodes))
    beats = _pairs(*([_beat_place(at_s) for _, at_s in told.beats] for told in (ours, theirs)))
    n_alike = sum(ours.beats[i][0] == theirs.beats[j][0] for i, j in beats)
    return DecisionReport(
        _share(n_episodes, len(ours.episodes) + len(theirs.episodes) - n_episodes),
        _share(len(ours.vf_s & theirs.vf_s), len(ours.vf_s | theirs.vf_s)),
        _share(len(same), len(ours.waves) + len(theirs.waves) - len(same)),
        _share(near, 2 * len(same)),
        _share(len(beats), len(ours.beats) + len(theirs.beats) - len(beats)),
        _share(n_alike, len(beats)),
    )


def _episodes(outputs: list[Output]) -> list[tuple[Finding, float, float]]:
    ended = [step.span for step in outputs if isinstance(step, EpisodeStep) and step.phase == "end"]
    return [
        (span.finding, span.onset_ns / NS_PER_S, span.end_ns / NS_PER_S)
        for span in ended
        if span.end_ns is not None
    ]


def _place(wave: Wave) -> tuple[str, float, float]:
    return wave.kind, wave.peak_s - _SAME_WAVE_S / 2, wave.peak_s + _SAME_WAVE_S / 2


def _beat_place(at_s: float) -> tuple[str, float, float]:
    return "beat", at_s - _SAME_BEAT_S / 2, at_s + _SAME_BEAT_S / 2


def _pairs(
    ours: Sequence[tuple[str, float, float]], theirs: Sequence[tuple[str, float, float]]
) -> list[tuple[int, int]]:
    """Indices of those of one name that overlap; each is taken once, the earliest first."""
    free: dict[str, deque[int]] = {}
    for j in sorted(range(len(theirs)), key=lambda j: theirs[j][1]):
        free.setdefault(theirs[j][0], deque()).append(j)
    pairs = []
    for i in sorted(range(len(ours)), key=lambda i: ours[i][1]):
        name, start, end = ours[i]
        waiting = free.get(name, deque())
        while waiting and theirs[waiting[0]][2] < start:
            waiting.popleft()
        if waiting and theirs[waiting[0]][1] <= end:
            pairs.append((i, waiting.popleft()))
    return pairs


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _judge(report: DecisionReport, reference: str, found: str) -> None:
    limits = (
        EPISODE_AGREEMENT,
        VF_AGREEMENT,
        WAVE_AGREEMENT,
        BOUNDARY_AGREEMENT,
        TOLD_BEAT_AGREEMENT,
        CLASS_AGREEMENT,
    )
    for field, limit in zip(fields(report), limits, strict=True):
        share, what = getattr(report, field.name), field.name.removesuffix("_agreement")
        if share < limit:
            raise ParityError(
                f"{found} agrees with {reference} on {share:.4f} of {what} decisions, required {limit}"
            )
