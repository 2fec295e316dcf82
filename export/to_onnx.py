"""Both models to ONNX, by optimum's exporter: batch, leads and length stay free."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from optimum.exporters.onnx import export
from optimum.exporters.onnx.base import OnnxConfig
from optimum.utils import DummyInputGenerator, NormalizedConfig

from edge.encoder import (
    FRAME_OUTPUTS,
    OUTPUTS,
    SAMPLE_OUTPUTS,
    SECOND_OUTPUTS,
    SEQUENCE_INPUTS,
    SEQUENCE_OUTPUTS,
)
from export.model import SAMPLES_PER_SECOND, EcgEncoder
from export.sequence_model import BeatSequence


class DummyEcg(DummyInputGenerator):
    """Two windows of four seconds on three leads."""

    SUPPORTED_INPUT_NAMES = ("ecg",)

    def __init__(self, task: str, normalized_config: NormalizedConfig, **_: Any) -> None:
        self.task, self.config = task, normalized_config

    def generate(self, input_name: str, framework: str = "pt", **_: Any) -> Any:
        """Noise of the right shape."""
        assert input_name == "ecg"
        return _as(framework, torch.randn(2, 3, 4 * SAMPLES_PER_SECOND))


class EncoderOnnxConfig(OnnxConfig):
    """Names and free axes of the graph."""

    NORMALIZED_CONFIG_CLASS = NormalizedConfig
    DUMMY_INPUT_GENERATOR_CLASSES = (DummyEcg,)
    DEFAULT_ONNX_OPSET = 17
    ATOL_FOR_VALIDATION = 1e-4

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        """One input, `[batch, leads, samples]`."""
        return {"ecg": {0: "batch", 1: "leads", 2: "samples"}}

    @property
    def outputs(self) -> Mapping[str, Mapping[int, str]]:
        """Frames run at 64 Hz, samples at 128 Hz, seconds at 1 Hz."""
        axis = dict.fromkeys(FRAME_OUTPUTS, "frames") | dict.fromkeys(SAMPLE_OUTPUTS, "samples")
        axis |= dict.fromkeys(SECOND_OUTPUTS, "seconds")
        return {name: {0: "batch", 1: axis[name]} if name in axis else {0: "batch"} for name in OUTPUTS}


class DummyBeats(DummyInputGenerator):
    """Two stretches of five beats, and what is remembered of those before."""

    SUPPORTED_INPUT_NAMES = SEQUENCE_INPUTS

    def __init__(self, task: str, normalized_config: NormalizedConfig, **_: Any) -> None:
        self.task, self.config = task, normalized_config.config

    def generate(self, input_name: str, framework: str = "pt", **_: Any) -> Any:
        """Noise of the right shape."""
        shapes = {"features": (2, 5, len(self.config.features)), "state": (1, 2, self.config.width)}
        return _as(framework, torch.randn(shapes[input_name]))


class SequenceOnnxConfig(OnnxConfig):
    """Names and free axes of the sequence model."""

    NORMALIZED_CONFIG_CLASS = NormalizedConfig
    DUMMY_INPUT_GENERATOR_CLASSES = (DummyBeats,)
    DEFAULT_ONNX_OPSET = 17
    ATOL_FOR_VALIDATION = 1e-4

    @property
    def inputs(self) -> Mapping[str, Mapping[int, str]]:
        """Features of beats, and the state before them."""
        return {"features": {0: "batch", 1: "beats"}, "state": {1: "batch"}}

    @property
    def outputs(self) -> Mapping[str, Mapping[int, str]]:
        """Logits of each beat, and the state after the last."""
        return {
            name: {1: "batch"} if name == "next_state" else {0: "batch", 1: "beats"}
            for name in SEQUENCE_OUTPUTS
        }


def _as(framework: str, tensor: torch.Tensor) -> Any:
    return tensor.numpy() if framework == "np" else tensor


def to_onnx(model: EcgEncoder | BeatSequence, path: Path) -> None:
    """Write `model` to one `.onnx` file."""
    kind = EncoderOnnxConfig if isinstance(model, EcgEncoder) else SequenceOnnxConfig
    config = kind(model.config, task="feature-extraction")
    export(model.eval(), config, path, opset=config.DEFAULT_ONNX_OPSET, do_constant_folding=True)
