"""Both sides of `hearth find` as they are trained; `hub/find_model.py` runs them with numpy alone.

Text: vectors of words, averaged with weights, and two layers. A word that the vocabulary lacks is read by
its letters; pairs of neighbouring words are averaged beside the words. Window: two layers over what the edge
sends.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from edge.text_features import GRAM_BUCKETS, gram_buckets, pair_buckets, words_of

_NOWHERE = 0  # the row of the padding
_FIRST_WORD = 1

Shares = list[tuple[int, float]]


class FindTower(nn.Module):
    """Texts to unit vectors `[texts, width]`; its rows are those of the vocabulary, then of the buckets."""

    def __init__(self, vocabulary: Sequence[str], row_width: int, hidden: int, width: int) -> None:
        super().__init__()
        self.vocabulary = list(vocabulary)
        self._row_of = {word: _FIRST_WORD + i for i, word in enumerate(self.vocabulary)}
        self._first_bucket = _FIRST_WORD + len(self.vocabulary)
        n_rows = self._first_bucket + GRAM_BUCKETS
        self.rows = nn.Embedding(n_rows, row_width, padding_idx=_NOWHERE)
        nn.init.normal_(self.rows.weight, std=0.1)
        self.log_weight = nn.Parameter(torch.zeros(n_rows))
        self.dense = two_layers(2 * row_width, hidden, width)

    def forward(self, texts: Sequence[str], forget: float = 0.0) -> Tensor:
        """`forget` is how often a known word is read by its letters all the same, so that these learn too."""
        cut = [words_of(text) for text in texts]
        words = [[share for word in text for share in self._shares(word, forget)] for text in cut]
        pairs = [[(self._first_bucket + bucket, 1.0) for bucket in pair_buckets(text)] for text in cut]
        both = torch.cat([self._average(words), self._average(pairs)], dim=1)
        return nn.functional.normalize(self.dense(both), dim=1)

    def _shares(self, word: str, forget: float) -> Shares:
        row = self._row_of.get(word)
        if row is not None and float(torch.rand(())) >= forget:
            return [(row, 1.0)]
        buckets = gram_buckets(word)
        return [(self._first_bucket + bucket, 1 / len(buckets)) for bucket in buckets]

    def _average(self, shares: list[Shares]) -> Tensor:
        longest = max(1, *map(len, shares))
        padded = [[*text, *[(_NOWHERE, 0.0)] * (longest - len(text))] for text in shares]
        table = torch.tensor(padded)
        rows = table[..., 0].long()
        weight = table[..., 1] * self.log_weight[rows].exp()
        return (weight[..., None] * self.rows(rows)).sum(1) / weight.sum(1, keepdim=True).clamp(min=1e-6)


class WindowTower(nn.Module):
    """Directions `[windows, n]` of the edge's embeddings to unit vectors `[windows, width]`."""

    def __init__(self, n: int, hidden: int, width: int, dropout: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.dense = two_layers(n, hidden, width)

    def forward(self, windows: Tensor) -> Tensor:
        """Unit vectors."""
        scaled = nn.functional.normalize(windows, dim=1) * windows.shape[1] ** 0.5
        return nn.functional.normalize(self.dense(self.drop(scaled)), dim=1)


def two_layers(n_in: int, hidden: int, n_out: int) -> nn.Sequential:
    """Dense, GELU, dense."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, n_out))


def save(tower: FindTower, windows: WindowTower, encoder_sha256: str, path: Path) -> None:
    """One compressed file of float16; the row of the padding is left out."""
    weight = tower.log_weight.detach().exp()
    arrays = {
        "rows": tower.rows.weight[_FIRST_WORD:],
        "row_weight": weight[_FIRST_WORD:],
        **{f"text_{name}": value for name, value in tower.dense.state_dict().items()},
        **{f"window_{name}": value for name, value in windows.dense.state_dict().items()},
    }
    halves = {name: value.detach().numpy().astype(np.float16) for name, value in arrays.items()}
    words = np.frombuffer("\n".join(tower.vocabulary).encode(), np.uint8)
    model = np.frombuffer(encoder_sha256.encode(), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, vocabulary=words, encoder_sha256=model, **halves)
