"""The encoder to ONNX, by optimum's exporter: batch, leads and length stay free."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from optimum.exporters.onnx import export
from optimum.exporters.onnx.base import OnnxConfig
from optimum.utils import DummyInputGenerator, NormalizedConfig

from edge.encoder import OUTPUTS
from export.model import SAMPLES_PER_SECOND, EcgEncoder


class DummyEcg(DummyInputGenerator):
    """Two windows of four seconds on three leads."""

    SUPPORTED_INPUT_NAMES = ("ecg",)

    def __init__(self, task: str, normalized_config: NormalizedConfig, **_: Any) -> None:
        self.task, self.config = task, normalized_config

    def generate(self, input_name: str, framework: str = "pt", **_: Any) -> torch.Tensor:
        """Noise of the right shape."""
        assert (input_name, framework) == ("ecg", "pt")
        return torch.randn(2, 3, 4 * SAMPLES_PER_SECOND)


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
        """Frames run at 64 Hz, seconds at 1 Hz."""
        frames, seconds = {0: "batch", 1: "frames"}, {0: "batch", 1: "seconds"}
        return {name: frames if name in OUTPUTS[:2] else seconds for name in OUTPUTS}


def to_onnx(model: EcgEncoder, path: Path) -> None:
    """Write `model` to one `.onnx` file."""
    config = EncoderOnnxConfig(model.config, task="feature-extraction")
    export(model.eval(), config, path, opset=config.DEFAULT_ONNX_OPSET, do_constant_folding=True)
