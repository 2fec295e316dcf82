"""A GGUF model on llama.cpp, fed with text and with rows that take the place of tokens; answers by a grammar.

At the edge the only place with llama_cpp. One sequence; what was fed can be taken back to a position before.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import llama_cpp
import numpy as np
import numpy.typing as npt

from edge.errors import UserError

Float32 = npt.NDArray[np.float32]
Piece = str | Sequence[int] | Float32
"""Text, tokens, or rows `[n, width]` that take the place of tokens."""

CONTEXT_TOKENS = 2048
_BATCH = 64  # llama.cpp keeps room for the logits of a whole batch
_STATES_BATCH = 32  # and here for the logits of every row
_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


@dataclass(frozen=True, slots=True)
class SaidToken:
    """A token of an answer, and the probability that the model gave it before any grammar."""

    code: int
    text: str
    probability: float


class LlamaSession:
    """`adapter` is a LoRA as GGUF that is laid over `model`."""

    def __init__(
        self,
        model: Path,
        adapter: Path | None = None,
        threads: int = 1,
        context_tokens: int = CONTEXT_TOKENS,
    ) -> None:
        if not model.is_file():
            raise UserError(f"{model}: no language model here; `hearth models install` fetches the usual one")
        try:
            self._llama = llama_cpp.Llama(
                str(model),
                lora_path=str(adapter) if adapter else None,
                n_ctx=context_tokens,
                n_batch=_BATCH,
                n_ubatch=_BATCH,
                n_threads=threads,
                n_threads_batch=threads,
                verbose=False,
            )
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{adapter or model}: llama.cpp cannot load it: {error}") from None
        self.width, self.n_vocab = int(self._llama.n_embd()), int(self._llama.n_vocab())
        self._context_tokens = context_tokens
        self._vocabulary = llama_cpp.llama_model_get_vocab(self._llama.model)
        self._memory = llama_cpp.llama_get_memory(self._llama.ctx)
        self.position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._llama.close()

    @property
    def context(self) -> Any:
        """llama.cpp's handle, for measuring it alone."""
        return self._llama.ctx

    def take_back(self, position: int = 0) -> None:
        """Forget what was fed after `position`."""
        llama_cpp.llama_memory_seq_rm(self._memory, 0, position, -1)
        self.position = position

    def feed(self, piece: Piece) -> Float32:
        """Logits `[vocabulary]` after the piece; `UserError` where the context is full."""
        return np.asarray(self._logits(piece, of_all=False)[-1])

    def feed_rows(self, piece: Piece) -> Float32:
        """The same for each of its tokens or rows, `[n, vocabulary]`; slower."""
        return self._logits(piece, of_all=True)

    def feed_states(self, rows: Float32) -> Float32:
        """What the last layer makes of each row, `[n, width]`."""
        parts: list[Float32] = []
        llama_cpp.llama_set_embeddings(self._llama.ctx, True)  # noqa: FBT003 (takes no names)
        try:
            self._check(rows)
            for first in range(0, len(rows), _STATES_BATCH):
                part = rows[first : first + _STATES_BATCH]
                self._decode(part, of_all=True)
                pointer = llama_cpp.llama_get_embeddings(self._llama.ctx)
                parts.append(np.ctypeslib.as_array(pointer, (len(part), self.width)).copy())
        finally:
            llama_cpp.llama_set_embeddings(self._llama.ctx, False)  # noqa: FBT003 (takes no names)
        return np.concatenate(parts)

    def ids(self, text: str) -> list[int]:
        """Tokens of a text, the model's own marks included."""
        return [int(code) for code in self._llama.tokenize(text.encode(), add_bos=False, special=True)]

    def text(self, codes: Sequence[int]) -> str:
        """Text of tokens, without the model's own marks."""
        return str(self._llama.detokenize(list(codes), special=False).decode(errors="replace"))

    def is_end(self, code: int) -> bool:
        """Whether a token ends an answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocabulary, code))

    def generate(
        self,
        logits: Float32,
        grammar: str | None,
        max_tokens: int,
        feed: Callable[[Sequence[int]], Float32] | None = None,
    ) -> Iterator[SaidToken]:
        """The likeliest answer that the grammar accepts, after what `feed` gave `logits` for.

        Another `feed` lets another model speak under the same rules.
        """
        rules = self._rules(grammar) if grammar else None
        try:
            for _ in range(min(max_tokens, self._context_tokens - self.position)):
                code = _best(rules, logits)
                if self.is_end(code):
                    return
                yield SaidToken(code, self.text([code]), _probability(logits, code))
                logits = (feed or self.feed)([code])
        finally:
            if rules is not None:
                llama_cpp.llama_sampler_free(rules)

    def _logits(self, piece: Piece, *, of_all: bool) -> Float32:
        ids = self.ids(piece) if isinstance(piece, str) else piece
        rows = ids if isinstance(ids, np.ndarray) else np.array(ids, np.int32)
        self._check(rows)
        parts = [np.zeros((0, self.n_vocab), np.float32)]
        for first in range(0, len(rows), _BATCH):
            n = self._decode(rows[first : first + _BATCH], of_all=of_all)
            pointer = llama_cpp.llama_get_logits(self._llama.ctx)
            part = np.ctypeslib.as_array(pointer, (n if of_all else 1, self.n_vocab)).copy()
            parts = [*parts, part] if of_all else [part]
        return np.concatenate(parts)

    def _check(self, rows: npt.NDArray[Any]) -> None:
        """Width, and room in the context."""
        if rows.ndim > 1 and rows.shape[1] != self.width:
            raise UserError(
                f"soft tokens are {rows.shape[1]} wide, the language model's embeddings {self.width}"
            )
        if self.position + len(rows) > self._context_tokens:
            asked = self.position + len(rows)
            raise UserError(f"a prompt of {asked} tokens; the language model reads {self._context_tokens}")

    def _decode(self, rows: npt.NDArray[Any], *, of_all: bool) -> int:
        """How many rows; llama.cpp holds the outputs of all, or of the last alone."""
        soft = rows.ndim > 1
        batch = llama_cpp.llama_batch_init(len(rows), self.width if soft else 0, 1)
        try:
            kept = np.ascontiguousarray(rows, np.float32 if soft else np.int32)
            ctypes.memmove(batch.embd if soft else batch.token, kept.ctypes.data, kept.nbytes)
            batch.n_tokens = len(rows)
            for i in range(len(rows)):
                batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0] = self.position + i, 1, 0
                batch.logits[i] = of_all or i == len(rows) - 1
            code = llama_cpp.llama_decode(self._llama.ctx, batch)
        finally:
            llama_cpp.llama_batch_free(batch)
        if code:
            raise UserError(f"llama.cpp could not decode {len(rows)} tokens (code {code})")
        self.position += len(rows)
        return len(rows)

    def _rules(self, grammar: str) -> Any:
        rules = llama_cpp.llama_sampler_init_grammar(self._vocabulary, grammar.encode(), b"root")
        if not rules:
            raise UserError("llama.cpp does not understand the grammar")
        return rules


def _best(rules: Any, logits: Float32) -> int:
    """The likeliest token that the rules allow; mostly that is the likeliest of all, so it is asked first."""
    code = int(logits.argmax())
    if rules is None:
        return code
    if not np.isfinite(_allowed(rules, logits, np.array([code]))[0]):
        code = int(_allowed(rules, logits, np.arange(len(logits))).argmax())
    llama_cpp.llama_sampler_accept(rules, code)
    return code


def _allowed(rules: Any, logits: Float32, codes: npt.NDArray[np.int64]) -> Float32:
    """Logits of these tokens, minus infinity where the rules forbid one."""
    candidates = np.zeros(len(codes), _CANDIDATE)
    candidates["id"], candidates["logit"] = codes, logits[codes]
    pointer = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    array = llama_cpp.llama_token_data_array(data=pointer, size=len(codes), selected=-1, sorted=False)
    llama_cpp.llama_sampler_apply(rules, ctypes.byref(array))
    return np.asarray(candidates["logit"])


def _probability(logits: Float32, code: int) -> float:
    return float(1 / np.exp(logits - logits[code]).sum(dtype=np.float64))
