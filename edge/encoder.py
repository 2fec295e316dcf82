"""The models of a bundle: windows of ECG to probabilities in time, and beats read in sequence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from edge.bundle import Manifest, load_manifest
from edge.onnx_session import OnnxSession

Float32 = npt.NDArray[np.float32]

FRAME_OUTPUTS = ("beat_logits", "class_logits", "frame_embeddings")
SAMPLE_OUTPUTS = ("wave_logits",)
SECOND_OUTPUTS = ("rhythm_logits", "quality_logits", "screen_logits", "second_embeddings")
WINDOW_OUTPUTS = ("window_embedding",)
OUTPUTS = (*FRAME_OUTPUTS, *SAMPLE_OUTPUTS, *SECOND_OUTPUTS, *WINDOW_OUTPUTS)
SEQUENCE_INPUTS, SEQUENCE_OUTPUTS = ("features", "state"), ("class_logits", "af_logits", "next_state")


class Part(NamedTuple):
    """A stretch of a window, given three ways."""

    frames: slice
    samples: slice
    seconds: slice


WHOLE: Final = Part(slice(None), slice(None), slice(None))


@dataclass(frozen=True, slots=True, eq=False)
class EncoderFrames:
    """Probabilities of one window, and embeddings for each frame (64 Hz) and second.

    beat `[frames]`, classes `[frames, classes]`, frame_embedding `[frames, width]`, waves `[samples, waves]`,
    rhythm `[seconds, rhythms]`, analysable `[seconds]`, screen `[seconds, screens]`,
    embedding `[seconds, width]`, window_embedding `[text width]` of unit length, beside that of a text.
    """

    beat: Float32
    classes: Float32
    frame_embedding: Float32
    waves: Float32
    rhythm: Float32
    analysable: Float32
    screen: Float32
    embedding: Float32
    window_embedding: Float32

    def cut(self, frames: slice, samples: slice, seconds: slice) -> "EncoderFrames":
        """The part between two times, given three ways."""
        return EncoderFrames(
            self.beat[frames],
            self.classes[frames],
            self.frame_embedding[frames],
            self.waves[samples],
            self.rhythm[seconds],
            self.analysable[seconds],
            self.screen[seconds],
            self.embedding[seconds],
            self.window_embedding,
        )


@dataclass(frozen=True, slots=True, eq=False)
class EncodedWindow:
    """What the encoder gave for one window, in the order of `OUTPUTS`."""

    logits: list[Float32]

    @property
    def look(self) -> tuple[float, ...]:
        """What is usual and what is strongest in its seconds, `[2 * width]`: a direction to compare."""
        embedding = self.logits[OUTPUTS.index("second_embeddings")]
        return tuple(np.concatenate([embedding.mean(axis=0), embedding.max(axis=0)]).tolist())

    def frames(self, part: Part = WHOLE) -> EncoderFrames:
        """Probabilities of a part; what is not kept is not worked out."""
        return frames_of_logits(self.logits, part)


class Model(Protocol):
    """What computes one model's outputs, by name: `OnnxSession`, or anything that is asked like it."""

    def run(self, outputs: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]) -> list[Float32]:
        """The outputs of these names, in this order."""
        ...


class Encoder:
    """Both models of a bundle; what a stream has to remember stays with the caller."""

    def __init__(self, folder: Path, encoder: Model | None = None, sequence: Model | None = None) -> None:
        """`encoder` and `sequence` are asked in place of the bundle's own files."""
        self.manifest: Manifest = load_manifest(folder)
        second = self.manifest.sequence
        self._encoder: Model = encoder or OnnxSession(folder / self.manifest.onnx_file)
        self._sequence: Model | None = sequence
        if second and not sequence:
            self._sequence = OnnxSession(folder / second.onnx_file)

    def run(self, ecg_mv: Float32) -> EncoderFrames:
        """Probabilities of a whole window; see `encode`."""
        return self.encode(ecg_mv).frames()

    def encode(self, ecg_mv: Float32) -> EncodedWindow:
        """Encode `[leads, samples]` in mV at `manifest.fs_hz`, a whole number of seconds.

        Raises `ValueError` for another shape, for more leads than the model reads, and for NaN.
        """
        self._check(ecg_mv)
        outputs = self._encoder.run(OUTPUTS, {"ecg": ecg_mv[None]})
        return EncodedWindow([output[0] for output in outputs])

    def _check(self, ecg_mv: Float32) -> None:
        most, per_second = self.manifest.max_leads, self.manifest.fs_hz
        leads, samples = ecg_mv.shape if ecg_mv.ndim == len(("leads", "samples")) else (0, 0)
        if not 1 <= leads <= most or samples < per_second or samples % per_second:
            wanted = f"1 to {most} leads and whole seconds of {per_second} samples"
            raise ValueError(f"ECG of shape {ecg_mv.shape}: expected {wanted}")
        if not np.isfinite(ecg_mv).all():
            raise ValueError("ECG with NaN or infinite samples: a gap is told by its absence")

    def read_beat(self, features: Float32, state: Float32) -> tuple[Float32, float, Float32]:
        """Class probabilities `[classes]`, probability of AF some beats ago, and the next state `[width]`."""
        assert self._sequence, "asked only where the manifest names a sequence model"
        inputs = {"features": features[None, None], "state": state[None, None]}
        classes, af, after = self._sequence.run(SEQUENCE_OUTPUTS, inputs)
        return _softmax(classes[0, 0]), float(_sigmoid(af[0, 0])), after[0, 0]


def frames_of_logits(logits: list[Float32], part: Part = WHOLE) -> EncoderFrames:
    """Probabilities of the model's outputs, in the order of `OUTPUTS`."""
    beat, classes, frame_embedding, waves, rhythm, quality, screen, embedding, window = logits
    return EncoderFrames(
        _sigmoid(beat[part.frames]),
        _softmax(classes[part.frames]),
        frame_embedding[part.frames],
        _softmax(waves[part.samples]),
        _softmax(rhythm[part.seconds]),
        _sigmoid(quality[part.seconds]),
        _softmax(screen[part.seconds]),
        embedding[part.seconds],
        window,
    )


def _sigmoid(logits: Float32) -> Float32:
    return np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)


def _softmax(logits: Float32) -> Float32:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
