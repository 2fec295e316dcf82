"""A model file on one thread: the only place with onnxruntime."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

Float32 = npt.NDArray[np.float32]


class OnnxSession:
    """Without memory from call to call; what must be kept goes in and comes out."""

    def __init__(self, path: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def run(self, outputs: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]) -> list[Float32]:
        """The outputs of these names, in this order."""
        found: list[Float32] = self._session.run(list(outputs), dict(inputs))
        return found
