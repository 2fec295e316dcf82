"""A checkpoint, with or without a LoRA, to a GGUF: written aside, gated, quantized, put in place."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from edge.errors import UserError
from edge.llama_session import LlamaSession
from export.language.adapter_gguf import write_adapter
from export.language.base import BaseModel
from export.language.checkpoint import load_checkpoint
from export.language.lora import load_adapter, merged
from export.language.parity import (
    GoldenPrompt,
    LanguageParity,
    Model,
    ParityLimits,
    check_ids,
    compare,
    input_embedding,
    require,
)
from export.language.to_gguf import QUANTIZED, WRITTEN, quantize, write_gguf

TEXTS: Final = (
    "The rhythm is atrial fibrillation at 110 / min; a couplet begins at 12.4 s in lead V2.",
    "<|im_start|>user\nIs this rhythm regular?<|im_end|>\n<|im_start|>assistant\n",
    '  two  spaces,\ttab\n\n{"onset_s": [3.75, 1024]}  don\'t',
    "Größe ≥ 0,1 mV – 房颤 🫀",
)
QUANTIZED_LIMITS: Final = ParityLimits(cosine=0.5, divergence=0.5, top1=0.5)
"""Loose: they catch a broken file, not a coarse one; what a step costs is for `benchmarks.quantization`."""

_CONTEXT, _SOFT_ROWS = 512, 8


@dataclass(frozen=True, slots=True)
class Request:
    """`source` is a GGUF whose metadata and tokenizer are copied; `adapter` writes the LoRA alone.

    `limits` hold for what is quantized; unquantized it has to pass the defaults of `ParityLimits`.
    """

    model: Path
    out: Path
    lora: Path | None = None
    source: Path | None = None
    kind: str = "f16"
    adapter: bool = False
    limits: ParityLimits = QUANTIZED_LIMITS


@dataclass(frozen=True, slots=True)
class Written:
    """Agreement with torch of what was written, and of the unquantized draft."""

    whole: LanguageParity
    final: LanguageParity
    n_bytes: int


def convert(request: Request) -> Written:
    """Write `request.out`, or raise and write nothing."""
    _check(request)
    base = load_checkpoint(request.model)
    source = request.source or (request.model if request.model.is_file() else None)
    with TemporaryDirectory() as name:
        convert_as = _adapter if request.adapter else _whole
        draft, whole, final = convert_as(base, request, source, Path(name))
        request.out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(draft, request.out)
    return Written(whole, final, request.out.stat().st_size)


def golden_prompts(model: Model, texts: Sequence[str] = TEXTS) -> list[GoldenPrompt]:
    """Texts, and one text with soft tokens in it that are as large as embeddings are."""
    embedding: Any = input_embedding(model)
    weight = embedding.weight.detach().float()
    scale = float(weight.std()) * float(getattr(embedding, "embed_scale", 1.0))
    rows = np.random.default_rng(0).normal(0, scale, (_SOFT_ROWS, weight.shape[1])).astype(np.float32)
    soft = GoldenPrompt((texts[0], rows, texts[1]))
    return [*(GoldenPrompt((text,)) for text in texts), soft]


def _check(request: Request) -> None:
    if request.out.is_dir():
        raise UserError(f"{request.out}: a folder; --out names the file to write")
    if request.adapter and not request.lora:
        raise UserError("--adapter: there is no LoRA without --lora")
    if request.adapter and request.kind != "f16":
        raise UserError("--adapter: a LoRA is written in f16")


def _whole(
    base: BaseModel, request: Request, source: Path | None, folder: Path
) -> tuple[Path, LanguageParity, LanguageParity]:
    model = merged(load_adapter(base.model, request.lora)) if request.lora else base.model
    first = request.kind if request.kind in WRITTEN else "f16"
    draft, small = folder / "draft.gguf", folder / "small.gguf"
    write_gguf(model, base.tokenizer, draft, source=source, precision=first)
    with LlamaSession(draft, context_tokens=_context(model)) as run:
        if source is None:
            check_ids(lambda text: base.tokenizer(text, add_special_tokens=False).input_ids, run, TEXTS)
        whole = compare(model, run, golden_prompts(model))
    require(whole, ParityLimits(), first)
    if request.kind not in QUANTIZED:
        return draft, whole, whole
    quantize(draft, small, request.kind)
    final = _compared(model, small)
    require(final, request.limits, request.kind)
    return small, whole, final


def _adapter(
    base: BaseModel, request: Request, source: Path | None, folder: Path
) -> tuple[Path, LanguageParity, LanguageParity]:
    """The gate's base is written anew in f16, so that only the adapter can differ."""
    assert request.lora
    draft, plain = folder / "adapter.gguf", folder / "base.gguf"
    write_gguf(base.model, base.tokenizer, plain, source=source)
    adapted = load_adapter(base.model, request.lora)
    write_adapter(adapted, draft)
    whole = _compared(adapted, plain, draft)
    require(whole, ParityLimits(), "adapter")
    if source is None:
        return draft, whole, whole
    final = _compared(adapted, source, draft)
    require(final, request.limits, f"adapter over {source.name}")
    return draft, whole, final


def _compared(model: Model, path: Path, lora: Path | None = None) -> LanguageParity:
    with LlamaSession(path, lora, context_tokens=_context(model)) as run:
        return compare(model, run, golden_prompts(model))


def _context(model: Model) -> int:
    return min(_CONTEXT, int(model.config.max_position_embeddings))
