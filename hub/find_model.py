"""Text and windows of ECG in one space, with numpy alone: towers of `export.training.train_find`."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Self
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from edge.embedding import MODEL_DIGITS, Embedding
from edge.text_features import gram_buckets, pair_buckets, words_of

FIND_MODEL: Final = Path(__file__).parent / "models" / "find.npz"

Float32 = npt.NDArray[np.float32]


class FindModelError(Exception):
    """The file of the towers is missing or is not one."""

    for_user = True


@dataclass(frozen=True, slots=True, eq=False)
class _Layers:
    """Dense, GELU, dense, to unit length."""

    w1: Float32
    b1: Float32
    w2: Float32
    b2: Float32

    def __call__(self, x: Float32) -> Float32:
        hidden = x @ self.w1.T + self.b1
        active = 0.5 * hidden * (1 + np.tanh(np.sqrt(2 / np.pi) * (hidden + 0.044715 * hidden**3)))
        return _unit(active @ self.w2.T + self.b2)


@dataclass(frozen=True, slots=True, eq=False)
class FindModel:
    """`model` tags the encoder whose embeddings it can read, `width` is how many numbers those have."""

    model: str
    row_of: dict[str, int]
    rows: Float32
    row_weight: Float32
    text: _Layers
    window: _Layers

    @classmethod
    def load(cls, path: Path = FIND_MODEL) -> Self:
        """Raises `FindModelError` where the file is missing or is another."""
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            words = arrays["vocabulary"].tobytes().decode().split("\n")
            halves = {name: arrays[name].astype(np.float32) for name in ("rows", "row_weight")}
            layers = [_layers(arrays, side) for side in ("text", "window")]
            model = arrays["encoder_sha256"].tobytes().decode()[:MODEL_DIGITS]
        except FileNotFoundError:
            raise FindModelError(f"{path}: the towers of `hearth find` are missing") from None
        except (KeyError, ValueError, OSError, BadZipFile) as error:
            raise FindModelError(f"{path}: not the towers of `hearth find`: {error}") from error
        return cls(
            model, {word: row for row, word in enumerate(words)}, **halves, text=layers[0], window=layers[1]
        )

    @property
    def width(self) -> int:
        """Numbers of an embedding."""
        return int(self.window.w1.shape[1])

    def of_text(self, text: str) -> Float32:
        """`[width of the shared space]`, of unit length; zeros where no word can be read."""
        words = words_of(text)
        if not words:
            return np.zeros_like(self.text.b2)
        shares = [share for word in words for share in self._shares(word)]
        pairs = [(len(self.row_of) + bucket, 1.0) for bucket in pair_buckets(words)]
        return self.text(np.concatenate([self._average(shares), self._average(pairs)]))

    def of_windows(self, embeddings: list[Embedding]) -> Float32:
        """`[windows, width of the shared space]`, of unit length; all must be of this `model` and width."""
        codes = [np.frombuffer(embedding.codes, np.int8) for embedding in embeddings]
        table = np.stack(codes).astype(np.float32) if codes else np.empty((0, self.width), np.float32)
        return self.window(_unit(table) * np.float32(np.sqrt(self.width)))

    def reads(self, embedding: Embedding) -> bool:
        """Whether it was made by the encoder that these towers learned from."""
        return embedding.model == self.model and len(embedding.codes) == self.width

    def _shares(self, word: str) -> list[tuple[int, float]]:
        row = self.row_of.get(word)
        if row is not None:
            return [(row, 1.0)]
        buckets = gram_buckets(word)
        return [(len(self.row_of) + bucket, 1 / len(buckets)) for bucket in buckets]

    def _average(self, shares: list[tuple[int, float]]) -> Float32:
        rows = np.array([row for row, _ in shares], np.int64)
        weight = np.array([share for _, share in shares], np.float32) * self.row_weight[rows]
        total = (weight[:, None] * self.rows[rows]).sum(axis=0)
        return np.asarray(total / max(float(weight.sum()), 1e-6), np.float32)


@cache
def find_model() -> FindModel:
    """The one of the package, read once."""
    return FindModel.load()


def _layers(arrays: dict[str, npt.NDArray[np.float16]], side: str) -> _Layers:
    return _Layers(
        *(
            arrays[f"{side}_{layer}"].astype(np.float32)
            for layer in ("0.weight", "0.bias", "2.weight", "2.bias")
        )
    )


def _unit(x: Float32) -> Float32:
    norm = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(x / np.maximum(norm, 1e-9), np.float32)
