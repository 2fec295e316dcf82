"""The gate before a GGUF is used: on golden prompts llama.cpp gives what torch gives."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from peft import PeftModel
from torch import nn
from transformers import DynamicCache, PreTrainedModel

from edge.llama_session import LlamaSession

Float32 = npt.NDArray[np.float32]
Model = PreTrainedModel | PeftModel
Piece = str | Float32
"""Text, or soft tokens `[rows, width]`."""


class LanguageParityError(Exception):
    """The gate did not open; says by how much."""

    for_user = True


@dataclass(frozen=True, slots=True)
class GoldenPrompt:
    """Text and rows of soft tokens in order; with `answer_tokens` an answer is compared too."""

    pieces: tuple[Piece, ...]
    grammar: str | None = None
    answer_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ParityLimits:
    """Smallest cosine and shares, largest mean divergence in nats; the defaults suit f16."""

    cosine: float = 0.999
    divergence: float = 0.001
    top1: float = 0.97
    answers: float = 1.0


@dataclass(frozen=True, slots=True)
class LanguageParity:
    """Over all rows of all prompts: cosine of logits, KL divergence in nats, share of equal best tokens.

    `answers` is the share of equal greedy answers, 1 where none was asked for.
    """

    cosine_min: float
    cosine_mean: float
    divergence_mean: float
    top1: float
    answers: float
    n_rows: int


def compare(model: Model, run: LlamaSession, prompts: Sequence[GoldenPrompt]) -> LanguageParity:
    """Run both on each prompt."""
    cosines, divergences, tops, answers = [], [], [], []
    for prompt in prompts:
        ours, cache = _torch_logits(model, run, prompt.pieces)
        run.take_back()
        theirs = np.concatenate([run.feed_rows(piece) for piece in prompt.pieces])
        cosines.append(_cosine(ours, theirs))
        divergences.append(_divergence(ours, theirs))
        tops.append(ours.argmax(axis=1) == theirs.argmax(axis=1))
        if prompt.answer_tokens:
            answers.append(_same_answer(model, cache, run, prompt, (ours[-1], theirs[-1])))
    every = np.concatenate(cosines)
    return LanguageParity(
        float(every.min()),
        float(every.mean()),
        float(np.concatenate(divergences).mean()),
        float(np.concatenate(tops).mean()),
        float(np.mean(answers)) if answers else 1.0,
        len(every),
    )


def require(found: LanguageParity, limits: ParityLimits, what: str) -> None:
    """Raise `LanguageParityError` with the figures where any limit is passed; no number never passes."""
    smallest = {
        "smallest cosine": (found.cosine_min, limits.cosine),
        "share of same best tokens": (found.top1, limits.top1),
        "share of same answers": (found.answers, limits.answers),
    }
    missed = [
        f"{name} {share:.6f}, required {least}"
        for name, (share, least) in smallest.items()
        if not share >= least
    ]
    if not found.divergence_mean <= limits.divergence:
        missed.append(f"KL divergence {found.divergence_mean:.6f}, allowed {limits.divergence}")
    if missed:
        raise LanguageParityError(f"gate: {what} differs from torch: {'; '.join(missed)}")


def check_ids(tokenize: Callable[[str], list[int]], run: LlamaSession, texts: Sequence[str]) -> None:
    """Raise `LanguageParityError` where torch's tokenizer and llama.cpp cut a text differently."""
    for text in texts:
        ours, theirs = tokenize(text), run.ids(text)
        if ours != theirs:
            raise LanguageParityError(f"gate: {text!r}: tokens {ours[:12]}, llama.cpp has {theirs[:12]}")


def input_embedding(model: Model) -> nn.Module:
    """Ids to rows, scaled where the model scales them."""
    plain = model.get_base_model() if isinstance(model, PeftModel) else model
    assert isinstance(plain, PreTrainedModel)
    return plain.get_input_embeddings()


@torch.no_grad()
def _torch_logits(model: Model, run: LlamaSession, pieces: Sequence[Piece]) -> tuple[Float32, DynamicCache]:
    embed = input_embedding(model)
    rows = [
        embed(torch.tensor(run.ids(piece), dtype=torch.long))
        if isinstance(piece, str)
        else torch.from_numpy(piece)
        for piece in pieces
    ]
    cache = DynamicCache(config=model.config)
    output = model(inputs_embeds=torch.cat(rows)[None], past_key_values=cache, use_cache=True)
    return output.logits[0].float().numpy(), cache


def _same_answer(
    model: Model, cache: DynamicCache, run: LlamaSession, prompt: GoldenPrompt, after: tuple[Float32, Float32]
) -> bool:
    @torch.no_grad()
    def torch_feed(codes: Sequence[int]) -> Float32:
        output = model(input_ids=torch.tensor([list(codes)]), past_key_values=cache, use_cache=True)
        return output.logits[0, -1].float().numpy()

    ours, theirs = (
        [token.code for token in run.generate(first, prompt.grammar, prompt.answer_tokens, feed)]
        for first, feed in zip(after, (torch_feed, run.feed), strict=True)
    )
    return ours == theirs


def _cosine(ours: Float32, theirs: Float32) -> Float32:
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return (ours * theirs).sum(axis=1) / norms


def _divergence(ours: Float32, theirs: Float32) -> Float32:
    """Of llama.cpp's probabilities from torch's, in nats."""
    reference, found = _log_softmax(ours), _log_softmax(theirs)
    return (np.exp(reference) * (reference - found)).sum(axis=1)


def _log_softmax(logits: Float32) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
