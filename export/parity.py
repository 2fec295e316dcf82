"""The gate before a bundle is written: names, shapes, values and decisions agree, torch to float to int8."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch

from edge.beats import BeatDecoder, RawBeat
from edge.bundle import Manifest
from edge.encoder import OUTPUTS, SEQUENCE_INPUTS, SEQUENCE_OUTPUTS, EncoderFrames, frames_of_logits
from edge.labels import Rhythm
from export.model import EcgEncoder
from export.sequence_model import BeatSequence

Float32 = npt.NDArray[np.float32]
Logits = list[Float32]

FLOAT_TOLERANCE = 1e-3
BEAT_AGREEMENT = 0.99
CLASS_AGREEMENT = 0.97
AF_AGREEMENT = ANALYSABLE_AGREEMENT = 0.98
_MATCH_S = 0.05


class ParityError(Exception):
    """The gate did not open; says by how much."""

    for_user = True


@dataclass(frozen=True, slots=True)
class ParityReport:
    """What was compared; shares of decisions that agree between torch and int8."""

    float_max_difference: float
    beat_agreement: float
    class_agreement: float
    af_agreement: float
    analysable_agreement: float


def check_parity(
    model: EcgEncoder, float_path: Path, int8_path: Path, windows: list[Float32], manifest: Manifest
) -> ParityReport:
    """Compare on golden windows `[leads, samples]`; raises `ParityError` when any limit is passed."""
    float_run, int8_run = _session(float_path), _session(int8_path)
    torch_logits = [_torch_logits(model, window) for window in windows]
    float_difference = _largest(
        _difference(reference, float_run(window))
        for reference, window in zip(torch_logits, windows, strict=True)
    )
    int8_logits = [int8_run(window) for window in windows]
    for reference, found in zip(torch_logits, int8_logits, strict=True):
        _difference(reference, found)  # raises where a shape differs
    pairs = [
        (frames_of_logits(a), frames_of_logits(b)) for a, b in zip(torch_logits, int8_logits, strict=True)
    ]
    thresholds, af = manifest.thresholds, manifest.rhythms.index(Rhythm.ATRIAL_FIBRILLATION)
    report = ParityReport(
        float_difference,
        *_beat_agreement(pairs, manifest),
        _agreement([(a.rhythm[:, af], b.rhythm[:, af]) for a, b in pairs], thresholds.af_on),
        _agreement([(a.analysable, b.analysable) for a, b in pairs], thresholds.analysable),
    )
    _judge(report)
    return report


@torch.no_grad()
def check_sequence(model: BeatSequence, path: Path, beats: int = 500) -> dict[str, float]:
    """The sequence model in one call by torch, and beat by beat by ONNX with the state handed on."""
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(1, beats, len(model.config.features), generator=generator)
    state = torch.zeros(1, 1, model.config.width)
    expected = model.eval()(features, state)
    session, rows, carried = ort.InferenceSession(path), [], state.numpy()
    for i in range(beats):
        inputs = dict(zip(SEQUENCE_INPUTS, (features[:, i : i + 1].numpy(), carried), strict=True))
        classes, af, carried = session.run(SEQUENCE_OUTPUTS, inputs)
        rows.append(np.append(classes[0, 0], af[0, 0]))
    reference = torch.cat([expected.class_logits[0], expected.af_logits[0, :, None]], dim=1).numpy()
    difference = float(np.abs(np.stack(rows) - reference).max())
    if not difference <= FLOAT_TOLERANCE:
        raise ParityError(
            f"sequence ONNX differs from torch by {difference:.2e}, allowed {FLOAT_TOLERANCE:.0e}"
        )
    return {"sequence_max_difference": difference}


def _session(path: Path) -> "_Run":
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = tuple(output.name for output in session.get_outputs())
    if names != OUTPUTS:
        raise ParityError(f"{path.name}: outputs are {names}, expected {OUTPUTS}")
    return _Run(session)


class _Run:
    def __init__(self, session: ort.InferenceSession) -> None:
        self._session = session

    def __call__(self, window: Float32) -> Logits:
        return [output[0] for output in self._session.run(OUTPUTS, {"ecg": window[None]})]


@torch.no_grad()
def _torch_logits(model: EcgEncoder, window: Float32) -> Logits:
    output = model.eval()(torch.from_numpy(window)[None])
    return [output[name][0].numpy() for name in OUTPUTS]


def _difference(reference: Logits, other: Logits) -> float:
    for name, expected, found in zip(OUTPUTS, reference, other, strict=True):
        if expected.shape != found.shape:
            raise ParityError(f"{name}: shape {found.shape}, expected {expected.shape}")
    return _largest(float(np.abs(a - b).max()) for a, b in zip(reference, other, strict=True))


def _largest(differences: Iterable[float]) -> float:
    """NaN where any is."""
    return float(np.max(list(differences)))


def _beat_agreement(
    pairs: list[tuple[EncoderFrames, EncoderFrames]], manifest: Manifest
) -> tuple[float, float]:
    """Share of beats found by both, over those found by either; and share of equal classes among them."""
    n_either = n_both = n_same = 0
    for reference, other in pairs:
        ours, theirs = (_beats(frames, manifest) for frames in (reference, other))
        matches = [(a, b) for a in ours for b in theirs if abs(a.at_s - b.at_s) <= _MATCH_S]
        n_both += len(matches)
        n_either += len(ours) + len(theirs) - len(matches)
        n_same += sum(a.classes.argmax() == b.classes.argmax() for a, b in matches)
    return n_both / max(n_either, 1), n_same / max(n_both, 1)


def _beats(frames: EncoderFrames, manifest: Manifest) -> list[RawBeat]:
    decoder = BeatDecoder(manifest)
    return decoder.feed(frames) + decoder.flush()


def _agreement(pairs: list[tuple[Float32, Float32]], threshold: float) -> float:
    """Share of seconds on the same side of a threshold."""
    return float(np.mean([((a >= threshold) == (b >= threshold)).mean() for a, b in pairs]))


def _judge(report: ParityReport) -> None:
    if not report.float_max_difference <= FLOAT_TOLERANCE:  # NaN does not agree
        difference = report.float_max_difference
        raise ParityError(f"float ONNX differs from torch by {difference:.2e}, allowed {FLOAT_TOLERANCE:.0e}")
    limits = {
        "beat": BEAT_AGREEMENT,
        "class": CLASS_AGREEMENT,
        "af": AF_AGREEMENT,
        "analysable": ANALYSABLE_AGREEMENT,
    }
    for name, limit in limits.items():
        share = getattr(report, f"{name}_agreement")
        if share < limit:
            raise ParityError(f"int8 agrees with torch on {share:.4f} of {name} decisions, required {limit}")
