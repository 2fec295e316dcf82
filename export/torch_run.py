"""A torch model that is asked as an ONNX session is, so that the edge's own code can run it."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import PreTrainedModel

Float32 = npt.NDArray[np.float32]


class TorchRun:
    """In the place of an `edge.onnx_session.OnnxSession`; the model's outputs are taken by their names."""

    def __init__(self, model: PreTrainedModel) -> None:
        self._model = model.eval()

    @torch.no_grad()
    def run(self, outputs: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]) -> list[Float32]:
        """The outputs of these names, in this order."""
        tensors = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in inputs.items()}
        found = self._model(**tensors)
        return [found[name].numpy() for name in outputs]
