"""A byte-level BPE tokenizer of Hugging Face as the keys of a GGUF."""

import json
from typing import Any, Final

from gguf import GGUFWriter, TokenType
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from edge.errors import UserError
from export.language.tokenizer import PRE_TOKENIZERS

_SPECIALS: Final = ("bos", "eos", "unk", "pad")


def add_tokenizer(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast, vocab_size: int) -> None:
    """Vocabulary, merges, special tokens and template; `UserError` where llama.cpp cannot do the same."""
    rules = json.loads(tokenizer.backend_tokenizer.to_str())
    _check(rules)
    tokens, types = _vocabulary(tokenizer, rules, vocab_size)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer_name(rules["pre_tokenizer"]))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges([_merge(merge) for merge in rules["model"]["merges"]])
    writer.add_add_bos_token(_adds_bos(tokenizer))
    writer.add_add_space_prefix(value=False)
    _add_specials(writer, tokenizer)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _check(rules: dict[str, Any]) -> None:
    kind = rules["model"]["type"]
    if kind != "BPE":
        raise UserError(f"tokenizer.json: model is {kind}, only byte-level BPE can be written as GGUF")
    normalizers = (rules["normalizer"] or {}).get("normalizers", [rules["normalizer"]])
    odd = [step["type"] for step in normalizers if step and step["type"] != "NFC"]
    if odd:
        raise UserError(
            f"tokenizer.json: normalizer {', '.join(odd)}: not done by llama.cpp for byte-level BPE"
        )


def _vocabulary(
    tokenizer: PreTrainedTokenizerFast, rules: dict[str, Any], vocab_size: int
) -> tuple[list[str], list[int]]:
    """Tokens and types by id; rows of the model that no token uses are filled up."""
    by_id = {code: token for token, code in tokenizer.get_vocab().items()}
    if max(by_id) >= vocab_size:
        raise UserError(f"tokenizer.json: token {max(by_id)}, but the model has {vocab_size} rows")
    added = {
        entry["id"]: TokenType.CONTROL if entry["special"] else TokenType.USER_DEFINED
        for entry in rules["added_tokens"]
    }
    tokens = [by_id.get(code, f"[PAD{code}]") for code in range(vocab_size)]
    usual = [TokenType.NORMAL if code in by_id else TokenType.UNUSED for code in range(vocab_size)]
    return tokens, [int(added.get(code, kind)) for code, kind in enumerate(usual)]


def _pre_tokenizer_name(found: dict[str, Any] | None) -> str:
    for name, build in PRE_TOKENIZERS.items():
        probe = Tokenizer(models.BPE())
        probe.pre_tokenizer = build()
        if _without_offsets(json.loads(probe.to_str())["pre_tokenizer"]) == _without_offsets(found):
            return name
    text = json.dumps(found)[:200]
    raise UserError(f"tokenizer.json: pre_tokenizer: known: {', '.join(PRE_TOKENIZERS)}; found: {text}")


def _without_offsets(rules: Any) -> Any:
    """`trim_offsets` says nothing about ids."""
    if isinstance(rules, dict):
        return {key: _without_offsets(value) for key, value in rules.items() if key != "trim_offsets"}
    return [_without_offsets(rule) for rule in rules] if isinstance(rules, list) else rules


def _merge(merge: str | list[str]) -> str:
    return merge if isinstance(merge, str) else " ".join(merge)


def _adds_bos(tokenizer: PreTrainedTokenizerFast) -> bool:
    around = tokenizer("").input_ids
    if around not in ([], [tokenizer.bos_token_id]):
        raise UserError(
            f"tokenizer.json: adds {around} to a text, only nothing or the beginning token can be"
        )
    return bool(around)


def _add_specials(writer: GGUFWriter, tokenizer: PreTrainedTokenizerFast) -> None:
    for name in _SPECIALS:
        code = getattr(tokenizer, f"{name}_token_id")
        if code is not None:
            getattr(writer, f"add_{name}_token_id")(code)
