"""Float ONNX to int8: static, with activation ranges measured on real windows."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

Float32 = npt.NDArray[np.float32]

OPERATORS = ("Conv", "MatMul", "Gemm")
# the heads decide; they are a few kilobytes and stay float
FLOAT_NODES = ("head",)


class _Windows(CalibrationDataReader):
    def __init__(self, windows: list[Float32]) -> None:
        self._left = iter(windows)

    def get_next(self) -> dict[str, Float32] | None:
        window = next(self._left, None)
        return None if window is None else {"ecg": window[None]}


def quantize(float_path: Path, int8_path: Path, windows: list[Float32]) -> None:
    """Quantize to `int8_path`; `windows` are `[leads, samples]` in mV, as the encoder sees them."""
    import onnx

    with TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(float_path, prepared, skip_symbolic_shape=True)
        names = [node.name for node in onnx.load(prepared).graph.node]
        quantize_static(
            prepared,
            int8_path,
            _Windows(windows),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(OPERATORS),
            nodes_to_exclude=[name for name in names if any(part in name for part in FLOAT_NODES)],
            per_channel=True,
            reduce_range=True,  # 7-bit weights: x86 without VNNI adds two products in 16 bits
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
        )
