"""The gate before anything is written: names, shapes and values of torch and ONNX agree."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
import torch

from edge.errors import UserError
from export.published.encoder import PublishedEncoder
from export.published.to_onnx import INPUT

Float32 = npt.NDArray[np.float32]

FLOAT_TOLERANCE = 1e-5  # of the largest value of an output, and at least of 1
INT8_COSINE = 0.98
BATCHES = (1, 3)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The worst over outputs and batches: difference over the largest value, cosine of the smallest."""

    largest_difference: float
    smallest_cosine: float


def compare(encoder: PublishedEncoder, path: Path) -> Agreement:
    """Run both on seeded signals; `UserError` where names or shapes differ."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    if names != list(encoder.outputs):
        raise UserError(f"gate: the graph's outputs are {names}, expected {list(encoder.outputs)}")
    differences, cosines = [], []
    for n_batch in BATCHES:
        ecg = _signals(encoder, n_batch)
        with torch.no_grad():
            expected = [output.numpy() for output in encoder.module.eval()(torch.from_numpy(ecg))]
        for name, ours, theirs in zip(names, expected, session.run(names, {INPUT: ecg}), strict=True):
            if ours.shape != theirs.shape:
                raise UserError(f"gate: {name}: the graph gives {theirs.shape}, expected {ours.shape}")
            differences.append(float(np.abs(ours - theirs).max() / max(1.0, float(np.abs(ours).max()))))
            cosines.append(_cosine(ours, theirs))
    return Agreement(float(np.max(differences)), float(np.min(cosines)))  # NaN where any is


def require_float(agreement: Agreement) -> None:
    """Raise unless every value agrees; a value that is no number never does."""
    found = agreement.largest_difference
    if not found <= FLOAT_TOLERANCE:
        raise UserError(
            f"gate: ONNX differs from torch by {found:.1e}, allowed {FLOAT_TOLERANCE:.0e}; nothing written"
        )


def require_int8(agreement: Agreement) -> None:
    """Raise unless every embedding and token points where it did."""
    found = agreement.smallest_cosine
    if not found >= INT8_COSINE:
        raise UserError(
            f"gate: int8 agrees with torch to cosine {found:.4f}, required {INT8_COSINE}; nothing written"
        )


def _signals(encoder: PublishedEncoder, n_batch: int) -> Float32:
    """A wave and noise, different on each lead, about as large as an ECG in mV."""
    ecg, rng = encoder.ecg, np.random.default_rng(n_batch)
    seconds = np.arange(ecg.n_samples) / ecg.fs_hz
    phase = rng.uniform(0, 2 * np.pi, (n_batch, ecg.n_leads, 1))
    wave = 0.5 * np.sin(2 * np.pi * 1.2 * seconds + phase)
    return (wave + rng.normal(0, 0.2, wave.shape)).astype(np.float32)


def _cosine(ours: Float32, theirs: Float32) -> float:
    """The smallest over all vectors along the last axis."""
    sizes = np.linalg.norm(ours, axis=-1) * np.linalg.norm(theirs, axis=-1)
    return float(((ours * theirs).sum(axis=-1) / sizes).min())
