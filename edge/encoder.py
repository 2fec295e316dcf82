"""The ONNX encoder session: the only place with onnxruntime."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from edge.bundle import Manifest, load_manifest

Float32 = npt.NDArray[np.float32]

OUTPUTS = ("beat_logits", "class_logits", "rhythm_logits", "quality_logits", "second_embeddings")


@dataclass(frozen=True, slots=True, eq=False)
class EncoderFrames:
    """Probabilities of one window, and an embedding for each second.

    beat `[frames]`, classes `[frames, classes]`, rhythm `[seconds, rhythms]`, analysable `[seconds]`,
    embedding `[seconds, width]`.
    """

    beat: Float32
    classes: Float32
    rhythm: Float32
    analysable: Float32
    embedding: Float32


class Encoder:
    """A session on one thread; without memory from call to call."""

    def __init__(self, folder: Path) -> None:
        self.manifest: Manifest = load_manifest(folder)
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        path = folder / self.manifest.onnx_file
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, ecg_mv: Float32) -> EncoderFrames:
        """Encode `[leads, samples]` at `manifest.fs_hz`, a whole number of seconds."""
        return frames_of_logits([output[0] for output in self._session.run(OUTPUTS, {"ecg": ecg_mv[None]})])


def frames_of_logits(logits: list[Float32]) -> EncoderFrames:
    """Probabilities of the model's outputs, in the order of `OUTPUTS`."""
    beat, classes, rhythm, quality, embedding = logits
    return EncoderFrames(_sigmoid(beat), _softmax(classes), _softmax(rhythm), _sigmoid(quality), embedding)


def _sigmoid(logits: Float32) -> Float32:
    return np.asarray(1 / (1 + np.exp(-logits.clip(-30, 30))), np.float32)


def _softmax(logits: Float32) -> Float32:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
