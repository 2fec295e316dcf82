"""A causal language model of torch as GGUF: metadata, tokenizer, tensors; and quantized by llama.cpp."""

import ctypes
import logging
import os
from pathlib import Path
from typing import Final

import numpy as np
from gguf import MODEL_ARCH_NAMES, GGUFValueType, GGUFWriter, LlamaFileType
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from edge.errors import UserError
from export.language.architectures import (
    Architecture,
    Float32,
    add_metadata,
    architecture_of,
    check_configuration,
    tensors,
)
from export.language.gguf_file import gguf_fields
from export.language.tokenizer_gguf import add_tokenizer

WRITTEN: Final = {"f32": LlamaFileType.ALL_F32, "f16": LlamaFileType.MOSTLY_F16}
QUANTIZED: Final = {
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
    "q6_k": LlamaFileType.MOSTLY_Q6_K,
    "q5_k_m": LlamaFileType.MOSTLY_Q5_K_M,
    "q4_k_m": LlamaFileType.MOSTLY_Q4_K_M,
    "q4_1": LlamaFileType.MOSTLY_Q4_1,
    "q4_0": LlamaFileType.MOSTLY_Q4_0,
}
_OF_THE_SOURCE: Final = ("GGUF.", "general.architecture", "general.file_type", "general.quantization_version")
_LARGEST_F16: Final = 65504


def write_gguf(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerFast,
    out: Path,
    *,
    source: Path | None = None,
    precision: str = "f16",
) -> None:
    """Write one file; metadata and tokenizer of `source`, the GGUF that the model came from, go along.

    Without `source` the tokenizer is written from `tokenizer`, which must be a byte-level BPE.
    """
    architecture = architecture_of(type(model).__name__)
    check_configuration(architecture, model.config)
    writer = GGUFWriter(out, MODEL_ARCH_NAMES[architecture.gguf])
    writer.add_file_type(WRITTEN[precision])
    add_metadata(writer, architecture, model.config)
    if source:
        _copy_metadata(source, architecture, writer, model.config.vocab_size)
    else:
        writer.add_type("model")
        add_tokenizer(writer, tokenizer, model.config.vocab_size)
    for name, array in tensors(model, architecture):
        writer.add_tensor(name, _stored(name, array, precision))
    close(writer)


def quantize(source: Path, out: Path, kind: str) -> None:
    """One of `QUANTIZED` from a file in f16 or f32, by llama.cpp itself."""
    import llama_cpp

    logging.getLogger("llama-cpp-python").setLevel(logging.ERROR)
    parameters = llama_cpp.llama_model_quantize_default_params()
    parameters.ftype = int(QUANTIZED[kind])
    parameters.nthread = 1
    code = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(out), ctypes.byref(parameters))
    if code:
        raise UserError(f"{out}: llama.cpp could not quantize to {kind} (code {code})")


def close(writer: GGUFWriter) -> None:
    """Write everything that was added."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _copy_metadata(source: Path, architecture: Architecture, writer: GGUFWriter, vocab_size: int) -> None:
    fields = gguf_fields(source)
    found, expected = fields["general.architecture"].contents(), MODEL_ARCH_NAMES[architecture.gguf]
    if found != expected:
        raise UserError(f"{source}: general.architecture is {found!r}, the model is {expected!r}")
    n_tokens = len(fields["tokenizer.ggml.tokens"].data)
    if n_tokens != vocab_size:
        raise UserError(f"{source}: {n_tokens} tokens, the model has {vocab_size}")
    for key, kept in fields.items():
        if key.startswith(_OF_THE_SOURCE) or key in writer.kv_data[0]:
            continue
        kind = kept.types[0]
        writer.add_key_value(
            key, kept.contents(), kind, sub_type=kept.types[-1] if kind == GGUFValueType.ARRAY else None
        )


def _stored(name: str, array: Float32, precision: str) -> np.ndarray:
    """Matrices in the wanted precision, vectors in float32, as llama.cpp expects them."""
    if not np.isfinite(array).all():
        raise UserError(f"{name}: holds values that are not finite")
    if precision == "f32" or array.ndim == 1:
        return np.ascontiguousarray(array, np.float32)
    if np.abs(array).max() > _LARGEST_F16:
        raise UserError(f"{name}: values up to {np.abs(array).max():.3g} do not fit f16")
    return np.ascontiguousarray(array, np.float16)
