"""The packaged language model in torch: dequantized weights, and the tokenizer that llama.cpp uses.

What is trained here is exactly what runs on the edge: the weights are those of the quantized file.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerFast

from edge.errors import UserError
from export.language.gguf_file import check_architecture
from export.language.tokenizer import tokenizer_of_gguf

_SOURCE_FILE: Final = "source.sha256"


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A causal language model in float32, in evaluation mode, and its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast


def load_base(gguf: Path, cache: Path | None = None) -> BaseModel:
    """Read a GGUF; with `cache`, a folder, the second time is fast. `UserError` where it cannot be read."""
    if not gguf.is_file():
        raise UserError(f"{gguf}: no such language model; `hearth models install` fetches the usual one")
    if cache is None:
        return _read(gguf)
    sha256 = _sha256(gguf)
    if not _is_of(cache, sha256):
        _fill(cache, _read(gguf), sha256)
    model = AutoModelForCausalLM.from_pretrained(cache, dtype=torch.float32, local_files_only=True)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(cache, local_files_only=True)
    return BaseModel(model.eval(), tokenizer)


def _read(gguf: Path) -> BaseModel:
    check_architecture(gguf)
    tokenizer = tokenizer_of_gguf(gguf)
    model = AutoModelForCausalLM.from_pretrained(
        gguf.parent, gguf_file=gguf.name, dtype=torch.float32, local_files_only=True
    )
    for name in ("bos_token_id", "eos_token_id"):
        setattr(model.config, name, getattr(tokenizer, name))
        setattr(model.generation_config, name, getattr(tokenizer, name))
    return BaseModel(model.eval(), tokenizer)


def _is_of(cache: Path, sha256: str) -> bool:
    mark = cache / _SOURCE_FILE
    return mark.is_file() and mark.read_text().strip() == sha256


def _fill(cache: Path, base: BaseModel, sha256: str) -> None:
    """Written aside and moved, so that a folder with the mark is whole."""
    if cache.exists() and any(cache.iterdir()) and not (cache / _SOURCE_FILE).is_file():
        raise UserError(f"{cache}: not a cache of a language model; name an empty folder")
    cache.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(mkdtemp(dir=cache.parent, prefix=f".{cache.name}-"))
    base.model.save_pretrained(draft)
    base.tokenizer.save_pretrained(draft)
    (draft / _SOURCE_FILE).write_text(f"{sha256}\n")
    shutil.rmtree(cache, ignore_errors=True)
    draft.rename(cache)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
