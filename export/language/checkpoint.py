"""A causal language model from a folder of Hugging Face or a GGUF; nothing in it is executed.

Weights are read from safetensors only: a pickle can run anything on loading.
"""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from edge.errors import UserError
from export.language.architectures import architecture_of
from export.language.base import BaseModel, load_base

_PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")


def load_checkpoint(path: Path) -> BaseModel:
    """Model in float32 and tokenizer; `UserError` names the file and what does not fit."""
    if path.is_file():
        return load_base(path)
    config = _configuration(path)
    try:
        architecture_of((config.get("architectures") or ["none"])[0])
        _check(path, config)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    return BaseModel(_model(path), _tokenizer(path))


def _configuration(folder: Path) -> dict[str, Any]:
    file = folder / "config.json"
    if not file.is_file():
        raise UserError(f"{folder}: no language model here: config.json is missing")
    try:
        config = json.loads(file.read_text())
    except ValueError as error:
        raise UserError(f"{file}: not JSON: {error}") from None
    if not isinstance(config, dict):
        raise UserError(f"{file}: {type(config).__name__}, expected keys and values")
    return config


def _check(folder: Path, config: dict[str, Any]) -> None:
    if "quantization_config" in config:
        raise UserError("config.json: quantization_config: export the model before it is quantized")
    if not list(folder.glob("*.safetensors")):
        pickles = [found.name for pattern in _PICKLES for found in folder.glob(pattern)]
        reason = f"{pickles[0]} is a pickle, which is not read; save" if pickles else "save the weights"
        raise UserError(f"no .safetensors here: {reason} as safetensors")


def _model(folder: Path) -> PreTrainedModel:
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        raise UserError(f"{folder}: cannot be read: {_first_line(error)}") from error
    model, report = loaded
    for fault in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        if report[fault]:
            raise UserError(
                f"{folder}: {fault.replace('_', ' ')}: {', '.join(map(str, report[fault]))[:200]}"
            )
    assert isinstance(model, PreTrainedModel)
    return model.eval()


def _tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    if not (folder / "tokenizer.json").is_file():
        raise UserError(f"{folder}: tokenizer.json is missing")
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # a damaged tokenizer can raise anything
        raise UserError(f"{folder}: tokenizer.json cannot be read: {_first_line(error)}") from error
    if not tokenizer.is_fast:
        raise UserError(f"{folder}: tokenizer.json: {type(tokenizer).__name__} has no fast form")
    return tokenizer


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
