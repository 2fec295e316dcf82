"""A published encoder to ONNX, its batch free, and to int8 weights on wish."""

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.published.encoder import PublishedEncoder

INPUT = "ecg"
OPSET = 17


def to_onnx(encoder: PublishedEncoder, path: Path) -> None:
    """Write the float32 graph to one `.onnx` file."""
    example = torch.zeros(2, encoder.ecg.n_leads, encoder.ecg.n_samples)
    names = list(encoder.outputs)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)  # this exporter needs no further package
        torch.onnx.export(
            encoder.module.eval(),
            (example,),
            path,
            input_names=[INPUT],
            output_names=names,
            dynamic_axes={name: {0: "batch"} for name in [INPUT, *names]},
            opset_version=OPSET,
            dynamo=False,
        )


def to_int8(float_path: Path, int8_path: Path) -> None:
    """Weights of the linear layers in int8, activations measured while it runs; no data is needed."""
    with TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        quant_pre_process(float_path, prepared, skip_symbolic_shape=True)
        quantize_dynamic(
            prepared,
            int8_path,
            op_types_to_quantize=["MatMul", "Gemm"],
            per_channel=True,
            reduce_range=True,  # 7-bit weights: x86 without VNNI adds two products in 16 bits
            weight_type=QuantType.QInt8,
        )
