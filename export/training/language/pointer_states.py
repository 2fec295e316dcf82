"""The language model's last states of windows of the corpus, as the edge will see them; kept on disk."""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.bundle import DEFAULT_BUNDLE
from edge.ecg_prompt import EcgPlace, Shown, prompt_parts
from edge.encoder import Encoder
from edge.language_bundle import LanguageBundle
from edge.language_model import default_path
from edge.llama_session import LlamaSession
from edge.localizer_prompt import LOCATED
from edge.pointer import LONGEST_TAUGHT_S, in_order
from edge.signal_reader import SignalReader
from edge.soft_tokens import TOKENS_PER_SECOND, block_plan

Row = dict[str, Any]
Float16 = npt.NDArray[np.float16]

QUOTA: Final = {
    "V": 400, "A": 400, "L": 350, "R": 400, "AFIB": 350, "AFL": 60,
    "VT": 400, "VFL": 150, "B": 400, "T": 200, "SVTA": 150,
}  # fmt: skip
"""Windows with each waveform, evenly over the patients who have it."""

_NOTHING: Final = 700


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A row of the corpus, with states `[leads, tokens, width]`."""

    row: Row
    states: Float16

    @property
    def patient(self) -> str:
        """Where it comes from."""
        return f"{self.row['database']}/{self.row['record']}"


class StatesOnDisk:
    """`states.npy` `[tokens of the corpus, width]` beside its features; `done.npy` says which are there."""

    def __init__(self, folder: Path, n_tokens: int, width: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._states = _array(folder / "states.npy", np.float16, (n_tokens, width))
        self._done = _array(folder / "done.npy", np.bool_, (n_tokens,))

    def has(self, row: Row) -> bool:
        """Whether they were collected."""
        return bool(self._done[row["first"]])

    def of(self, row: Row) -> Float16:
        """`[leads, tokens, width]`."""
        return np.asarray(self._states[_places(row)]).reshape(len(row["leads"]), -1, self._states.shape[1])

    def keep(self, row: Row, states: npt.NDArray[Any]) -> None:
        """States before their mark: a cut leaves none that is marked and not there."""
        self._states[_places(row)] = states.reshape(-1, states.shape[2])
        self._done[_places(row)] = True


def collect(corpus: Path, rows: Sequence[Row], bundle: LanguageBundle, out: Path) -> list[Window]:
    """Half a second of work each; goes on where it was cut off. `out` is for this bundle alone."""
    features = np.load(corpus / "features.npy", mmap_mode="r")
    kept = StatesOnDisk(out, len(features), bundle.manifest.width)
    reader = SignalReader(Encoder(DEFAULT_BUNDLE), bundle)
    with LlamaSession(default_path(), bundle.adapter) as session:
        for row in tqdm([row for row in rows if not kept.has(row)], unit=" windows"):
            own = features[_places(row)].astype(np.float32).reshape(len(row["leads"]), -1, features.shape[1])
            kept.keep(row, _states(session, reader, row, own))
    return [Window(row, kept.of(row)) for row in rows]


def _states(
    session: LlamaSession, reader: SignalReader, row: Row, features: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    beats_s = beats_of(row)
    rows = reader.rows(features, row["leads"], beats_s)
    session.take_back()
    for part in prompt_parts([Shown(tuple(row["leads"]), row["seconds"], None)], ""):
        if isinstance(part, EcgPlace):
            break
        session.feed(part)
    plan = block_plan(row["seconds"], len(row["leads"]), beats_s)
    return in_order(session.feed_states(rows), plan, len(row["leads"]))


def drawn(corpus: Path, quota: dict[str, int] = QUOTA, nothing: int = _NOTHING) -> list[Row]:
    """Windows to learn from: rare waveforms about as often as common ones, none of a held-out patient."""
    rng = np.random.default_rng(5)
    with (corpus / "rows.jsonl").open() as file:
        rows = [row for row in map(json.loads, file) if _is_fit(row)]
    chosen: dict[int, Row] = {}
    for waveform, most in quota.items():
        having = [row for row in rows if waveform in row["spans"]]
        lacking = most - sum(waveform in row["spans"] for row in chosen.values())
        fresh = [row for row in having if row["first"] not in chosen]
        chosen |= {row["first"]: row for row in _evenly(fresh, max(0, lacking), rng)}
    empty = [row for row in rows if not row["spans"]]
    chosen |= {empty[i]["first"]: empty[i] for i in rng.permutation(len(empty))[:nothing]}
    return [chosen[first] for first in sorted(chosen)]


def beats_of(row: Row) -> list[float]:
    """The encoder's beats, in seconds of the window."""
    return [beat["at_s"] for beat in row["evidence"]["beats"]]


def _is_fit(row: Row) -> bool:
    return (
        not row["held_out"] and row["seconds"] <= LONGEST_TAUGHT_S and bool(set(row["known"]) & set(LOCATED))
    )


def _evenly(rows: Sequence[Row], n: int, rng: np.random.Generator) -> list[Row]:
    """One of each patient in turn."""
    of_patient: dict[str, list[Row]] = defaultdict(list)
    for i in rng.permutation(len(rows)):
        of_patient[f"{rows[i]['database']}/{rows[i]['record']}"].append(rows[i])
    turns = [found[i] for i in range(n) for found in of_patient.values() if i < len(found)]
    return turns[:n]


def _places(row: Row) -> slice:
    n = len(row["leads"]) * row["seconds"] * TOKENS_PER_SECOND
    return slice(row["first"], row["first"] + n)


def _array(path: Path, kind: type[np.generic], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    if path.exists():
        return np.lib.format.open_memmap(path, mode="r+")
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
