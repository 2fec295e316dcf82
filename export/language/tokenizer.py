"""Tokenizers: the one inside a GGUF as a Hugging Face tokenizer that gives the same ids as llama.cpp.

Built from vocabulary and merges, because transformers 4.57 reads some GGUF tokenizers wrongly (it adds a
beginning token that the file forbids, and names the wrong end token).
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from gguf import TokenType
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from edge.errors import UserError
from export.language.gguf_file import gguf_fields

_QWEN2: Final = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
_LLAMA3: Final = _QWEN2.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
_SPECIALS: Final = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}


def _byte_level(*, use_regex: bool) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=use_regex)


def _sequence(first: pre_tokenizers.PreTokenizer, *, use_regex: bool) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Sequence([first, _byte_level(use_regex=use_regex)])


def _split(pattern: str) -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(pattern), behavior="isolated")


PRE_TOKENIZERS: Final[dict[str, Callable[[], pre_tokenizers.PreTokenizer]]] = {
    "gpt-2": lambda: _byte_level(use_regex=True),
    "smollm": lambda: _sequence(pre_tokenizers.Digits(individual_digits=True), use_regex=True),
    "qwen2": lambda: _sequence(_split(_QWEN2), use_regex=False),
    "llama-bpe": lambda: _sequence(_split(_LLAMA3), use_regex=False),
}
"""How a text is cut before merging, by llama.cpp's names."""


def tokenizer_of_gguf(path: Path) -> PreTrainedTokenizerFast:
    """The tokenizer of a GGUF with a byte-level BPE vocabulary; `UserError` for any other kind."""
    fields = tokenizer_fields(path)
    if fields.get("ggml.model") != "gpt2":
        found = fields.get("ggml.model")
        raise UserError(f"{path}: tokenizer.ggml.model is {found!r}, only 'gpt2' (byte-level BPE) is known")
    tokens: list[str] = fields["ggml.tokens"]
    specials = {
        name: tokens[fields[f"ggml.{key}_token_id"]]
        for key, name in _SPECIALS.items()
        if f"ggml.{key}_token_id" in fields
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=_byte_level_bpe(fields, specials),
        chat_template=fields.get("chat_template"),
        clean_up_tokenization_spaces=False,
        **specials,
    )


def tokenizer_fields(path: Path) -> dict[str, Any]:
    """All `tokenizer.` keys of a GGUF, without that prefix."""
    fields = gguf_fields(path)
    prefix = "tokenizer."
    return {
        key.removeprefix(prefix): field.contents() for key, field in fields.items() if key.startswith(prefix)
    }


def _byte_level_bpe(fields: Mapping[str, Any], specials: Mapping[str, str]) -> Tokenizer:
    tokens: list[str] = fields["ggml.tokens"]
    merges = [(first, second) for first, second in (merge.split(" ", 1) for merge in fields["ggml.merges"])]
    types: list[int] = fields["ggml.token_type"]
    vocabulary = {token: code for code, token in enumerate(tokens) if types[code] != TokenType.UNUSED}
    name = fields.get("ggml.pre", "gpt-2")
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=name == "llama-bpe"))
    tokenizer.pre_tokenizer = _pre_tokenizer(name)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_tokens(_added(tokens, types))
    if fields.get("ggml.add_bos_token", False):
        bos = specials["bos_token"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", special_tokens=[(bos, tokens.index(bos))]
        )
    return tokenizer


def _added(tokens: list[str], types: list[int]) -> list[AddedToken]:
    return [
        AddedToken(token, normalized=False, special=kind == TokenType.CONTROL)
        for token, kind in zip(tokens, types, strict=True)
        if kind in (TokenType.CONTROL, TokenType.USER_DEFINED)
    ]


def _pre_tokenizer(name: str) -> pre_tokenizers.PreTokenizer:
    if name not in PRE_TOKENIZERS:
        raise UserError(f"tokenizer.ggml.pre: {name!r} is not known, only {', '.join(PRE_TOKENIZERS)}")
    return PRE_TOKENIZERS[name]()
