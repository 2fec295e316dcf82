"""Instructions to numbers: tokens, places of soft tokens, and what is learned of each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from edge.ecg_prompt import EcgPlace
from edge.soft_tokens import MARKS, TOKENS_PER_SECOND, block_plan, lead_code
from export.training.language import instructions
from export.training.language.instructions import Instruction, Row
from export.training.ptbxl_views import read_descriptions, visible_codes
from export.training.records import FS_HZ

_END = "<|im_end|>"
_SHORT_S, _PAIRED_S = 24, 12
_WITH_EVIDENCE = 0.3  # else the model has the signal alone to go by
_NONE = "none"
_MOST_PAIRED, _TRIES = 3, 12
_CHANGED = 0.75  # of the pairs that are compared

WAVEFORM_SHARE = {
    _NONE: 1.8,
    "V": 1.5,
    "A": 1.5,
    "L": 1.0,
    "R": 1.5,
    "AFIB": 1.2,
    "AFL": 0.3,
    "VT": 1.4,
    "VFL": 0.4,
    "B": 1.2,
    "T": 0.6,
    "SVTA": 0.4,
    "NOISE": 0.2,
}
"""How often a window is drawn for each waveform: the rare ones as often as those that are everywhere."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """`ids` of all places, -1 where a soft token stands; `answer_from` is where learning begins."""

    ids: npt.NDArray[np.int64]
    features: npt.NDArray[np.float16]
    leads: npt.NDArray[np.int64]
    answer_from: int


class Corpus:
    """Windows on disk, by database and whether their patient is held out."""

    def __init__(self, folder: Path, data: Path) -> None:
        with (folder / "rows.jsonl").open() as file:
            self.rows: list[Row] = [json.loads(line) for line in file]
        self.features = np.load(folder / "features.npy", mmap_mode="r")
        self.words = {code: text.lower() for code, text in read_descriptions(data).items()}
        for row in self.rows:
            row["visible"] = visible_codes(row["codes"], [lead.upper() for lead in row["leads"]])

    def chosen(self, *, held_out: bool) -> list[Row]:
        """Rows of training or of held-out patients."""
        return [row for row in self.rows if row["held_out"] is held_out]


class Encoding:
    """Text to ids, each text by itself and once."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}
        self.marks = [self.ids(mark)[0] for mark in MARKS]

    def ids(self, text: str) -> list[int]:
        """Without marks of begin and end."""
        if text not in self._known:
            self._known[text] = self._tokenizer(text, add_special_tokens=False).input_ids
        return self._known[text]


def sample_of(instruction: Instruction, corpus: Corpus, encoding: Encoding) -> Sample:
    """One instruction in numbers."""
    ids: list[int] = []
    features, leads = [], []
    for part in instruction.parts:
        if isinstance(part, EcgPlace):
            row = instruction.rows[part.index]
            beats_s = [beat["at_s"] for beat in row["evidence"]["beats"]]
            plan = block_plan(row["seconds"], len(row["leads"]), beats_s)
            ids += [encoding.marks[-1 - p] if p < 0 else -1 for p in plan.tolist()]
            soft = plan[plan >= 0]
            features.append(corpus.features[row["first"] + soft])
            per_lead = row["seconds"] * TOKENS_PER_SECOND
            leads.append(np.array([lead_code(name) for name in row["leads"]])[soft // per_lead])
        else:
            ids += encoding.ids(part)
    answer_from = len(ids)
    ids += encoding.ids(instruction.answer) + encoding.ids(_END)
    return Sample(np.array(ids), np.concatenate(features), np.concatenate(leads), answer_from)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """`ids` `[batch, length]` with -1 where soft tokens stand, -2 beyond the end; labels -100 where none."""

    ids: Tensor
    features: Tensor
    leads: Tensor
    labels: Tensor


def batch_of(samples: Sequence[Sample]) -> Batch:
    """Pad on the right."""
    length = max(len(sample.ids) for sample in samples)
    ids = np.full((len(samples), length), -2, np.int64)
    labels = np.full((len(samples), length), -100, np.int64)
    for i, sample in enumerate(samples):
        ids[i, : len(sample.ids)] = sample.ids
        labels[i, sample.answer_from : len(sample.ids)] = sample.ids[sample.answer_from :]
    features = np.concatenate([sample.features for sample in samples]).astype(np.float32)
    leads = np.concatenate([sample.leads for sample in samples])
    return Batch(*map(torch.from_numpy, (ids, features, leads, labels)))


class Drawer:
    """Draws instructions of one side of the split, by the shares of a stage; the same for the same seed."""

    def __init__(self, corpus: Corpus, *, held_out: bool) -> None:
        self._words = corpus.words
        rows = [row for row in corpus.chosen(held_out=held_out) if _is_short(row)]
        self._located = _by_waveform(rows)
        self._shares = np.array([WAVEFORM_SHARE[waveform] for waveform in self._located])
        self._reported = [row for row in rows if row["codes"]]
        self._groups: dict[str, list[Row]] = {}
        for row in rows:
            if row["database"] in ("mitdb", "svdb", "cpsc2021") and row["seconds"] <= _PAIRED_S:
                self._groups.setdefault(f"{row['database']}/{row['record']}", []).append(row)
        self._groups = {name: found for name, found in self._groups.items() if len(found) >= _MOST_PAIRED}

    def draw(self, shares: Mapping[str, float], rng: np.random.Generator) -> Instruction:
        """One instruction."""
        kinds = [kind for kind in shares if kind in _KINDS]
        weights = np.array([shares[kind] for kind in kinds])
        while True:
            made = self._make(kinds[rng.choice(len(kinds), p=weights / weights.sum())], rng)
            if made is not None:
                return made

    def _make(self, kind: str, rng: np.random.Generator) -> Instruction | None:
        row = self._located_row(rng)
        with_evidence = bool(rng.random() < _WITH_EVIDENCE)
        match kind:
            case "locate" | "is_there":
                made = getattr(instructions, kind)
                return made(row, rng, with_evidence=with_evidence)
            case "rate" | "refusal":
                made = getattr(instructions, kind)
                return made(row, rng)
            case "compare":
                return self._compared(rng)
            case "which":
                return instructions.which(self._paired(rng, 2 + int(rng.random() < 0.3)), rng)
        if rng.random() < 0.4 and self._reported:
            row = self._reported[rng.integers(len(self._reported))]
        return instructions.report(row, rng, with_evidence=with_evidence, words=self._words)

    def _located_row(self, rng: np.random.Generator) -> Row:
        """First the waveform, then a window that has it."""
        kinds = list(self._located)
        found = self._located[kinds[rng.choice(len(kinds), p=self._shares / self._shares.sum())]]
        return found[rng.integers(len(found))]

    def _compared(self, rng: np.random.Generator) -> Instruction:
        """Most pairs have some change: else the answer `same` would be learned, whatever is asked."""
        wants_change = rng.random() < _CHANGED
        for _ in range(_TRIES):
            one, other = self._paired(rng)
            if instructions.is_changed(one, other) is wants_change:
                break
        return instructions.compare(one, other, rng)

    def _paired(self, rng: np.random.Generator, n: int = 2) -> list[Row]:
        """Several short windows of one patient."""
        names = list(self._groups)
        rows = self._groups[names[rng.integers(len(names))]]
        return [rows[i] for i in rng.permutation(len(rows))[:n]]


def _by_waveform(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Windows in which it is annotated; under `none`, windows without any."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["database"] != "ptbxl" or row["spans"]:
            for waveform in row["spans"] or (_NONE,):
                found.setdefault(waveform, []).append(row)
    return found


def _is_short(row: Row) -> bool:
    """Long windows take long to learn from: of them a third."""
    return row["seconds"] <= _SHORT_S or round(row["start_s"] * FS_HZ) % 3 == 0


_KINDS = frozenset(("locate", "is_there", "rate", "refusal", "compare", "which", "report"))
