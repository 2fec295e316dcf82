"""llama.cpp with one thread: logits of every row of a prompt of text and rows of soft tokens."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import llama_cpp
import numpy as np
import numpy.typing as npt

from edge.errors import UserError

Float32 = npt.NDArray[np.float32]
Int32 = npt.NDArray[np.int32]
Piece = str | Float32
"""Text, or soft tokens `[rows, width]`."""

_BATCH = 512


class LlamaRun:
    """One sequence in one context; `lora` is an adapter's GGUF."""

    def __init__(self, model: Path, lora: Path | None = None, n_ctx: int = 2048) -> None:
        try:
            self._llama = llama_cpp.Llama(
                str(model),
                lora_path=str(lora) if lora else None,
                n_ctx=n_ctx,
                n_batch=_BATCH,
                n_ubatch=_BATCH,
                n_threads=1,
                n_threads_batch=1,
                verbose=False,
            )
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{lora or model}: llama.cpp cannot load it: {error}") from error
        self._context = self._llama.ctx
        self.width = int(self._llama.n_embd())
        self.n_vocab = int(self._llama.n_vocab())
        self._n_ctx, self._batch = n_ctx, min(_BATCH, n_ctx)
        self._position = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._llama.close()

    @property
    def vocabulary(self) -> ctypes.c_void_p:
        """llama.cpp's handle of it, for samplers."""
        return llama_cpp.llama_model_get_vocab(self._llama.model)

    def ids(self, text: str) -> list[int]:
        """Tokens of a text, special ones included, nothing put in front."""
        return [int(code) for code in self._llama.tokenize(text.encode(), add_bos=False, special=True)]

    def text(self, ids: Sequence[int]) -> str:
        """Text of tokens."""
        return str(self._llama.detokenize(list(ids)).decode(errors="replace"))

    def is_end(self, code: int) -> bool:
        """Whether a token ends an answer."""
        return bool(llama_cpp.llama_vocab_is_eog(self.vocabulary, code))

    def begin(self) -> None:
        """Forget what was fed."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)  # noqa: FBT003
        self._position = 0

    def feed(self, piece: Piece | Sequence[int], *, last_only: bool = False) -> Float32:
        """Logits `[rows, vocabulary]` of text, ids or soft tokens that follow what was fed before.

        With `last_only` those of the last row `[1, vocabulary]`, which is faster.
        """
        if isinstance(piece, str):
            piece = self.ids(piece)
        rows = piece if isinstance(piece, np.ndarray) else np.array(piece, np.int32)
        self._check(rows)
        parts = [
            self._decode(rows[first : first + self._batch], last_only=last_only)
            for first in range(0, len(rows), self._batch)
        ]
        every = np.concatenate(parts) if parts else np.zeros((0, self.n_vocab), np.float32)
        return every[-1:] if last_only else every

    def _check(self, rows: Float32 | Int32) -> None:
        if rows.ndim > 1 and rows.shape[1] != self.width:
            raise UserError(f"soft tokens are {rows.shape[1]} wide, the language model {self.width}")
        asked = self._position + len(rows)
        if asked > self._n_ctx:
            raise UserError(f"prompt of {asked} tokens, the context holds {self._n_ctx}")

    def _decode(self, rows: Float32 | Int32, *, last_only: bool) -> Float32:
        batch = llama_cpp.llama_batch_init(len(rows), self.width if rows.ndim > 1 else 0, 1)
        try:
            self._fill(batch, rows)
            if last_only:
                ctypes.memset(batch.logits, 0, len(rows) - 1)
            code = llama_cpp.llama_decode(self._context, batch)
        finally:
            llama_cpp.llama_batch_free(batch)
        if code:
            raise UserError(f"llama.cpp could not decode {len(rows)} tokens (code {code})")
        self._position += len(rows)
        n_out = 1 if last_only else len(rows)
        pointer = llama_cpp.llama_get_logits(self._context)
        return np.ctypeslib.as_array(pointer, (n_out, self.n_vocab)).copy()

    def _fill(self, batch: Any, rows: Float32 | Int32) -> None:
        """Batch memory belongs to llama.cpp, so that nothing here has to outlive the call."""
        target = batch.embd if rows.ndim > 1 else batch.token
        kept = np.ascontiguousarray(rows, np.float32 if rows.ndim > 1 else np.int32)
        ctypes.memmove(target, kept.ctypes.data, kept.nbytes)
        batch.n_tokens = len(rows)
        for i in range(len(rows)):
            batch.pos[i], batch.n_seq_id[i], batch.seq_id[i][0], batch.logits[i] = self._position + i, 1, 0, 1
