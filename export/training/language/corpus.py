"""Windows for the language model: drawn by what is in them, encoded once, kept on disk.

python -m export.training.language.corpus --data DATA --out DATA/prepared/language --windows 9000
"""

import argparse
import json
import sys
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.labels import Waveform
from edge.window_reading import read_window
from export.training.language.sources import (
    Source,
    SourceRef,
    ptbxl_sources,
    read_source,
    source_refs,
)
from export.training.records import FS_HZ

SHARE = {"mitdb": 0.5, "svdb": 0.21, "cpsc2021": 0.05, "cinc2017": 0.08, "cudb": 0.03, "ptbxl": 0.13}
_LONGEST_S = 60
_FROM_EVENT = 0.8  # of the windows hold an event of a waveform, each waveform as often as any other
_PTBXL_VIEWS = (("I",), ("II",), ("I", "II", "V1"), ("V1",), ("V5",), ("II", "V5"), ("III",))
_VENTRICULAR_RHYTHMS = frozenset(
    [
        "106",
        "203",
        "205",
        "215",
        "217",
        "802",
        "804",
        "812",
        "841",
        "851",
        "857",
        "859",
        "879",
        "881",
        "887",
        "891",
    ]
)

Row = dict[str, Any]


def draw_s(rng: np.random.Generator, longest_s: int) -> int:
    """Ten seconds mostly, else up to a minute."""
    chance = rng.random()
    upper = 10 if chance < 0.6 else 30 if chance < 0.85 else _LONGEST_S
    return int(min(longest_s, 10 if upper == 10 else rng.integers(11, upper + 1)))


def windows_of(source: Source, n: int, rng: np.random.Generator, encoder: Encoder) -> list[tuple[Row, Any]]:
    """`n` windows of one record, each with what is known of it and its features."""
    events = {w: found for w in source.annotated.known if (found := source.annotated.events(w))}
    return [_window(source, events, rng, encoder) for _ in range(n)]


def _window(
    source: Source,
    events: dict[Waveform, list[tuple[float, float]]],
    rng: np.random.Generator,
    encoder: Encoder,
) -> tuple[Row, npt.NDArray[np.float16]]:
    seconds = draw_s(rng, len(source.ecg_mv) // FS_HZ)
    last = len(source.ecg_mv) - seconds * FS_HZ
    start = int(rng.integers(last + 1))
    if events and rng.random() < _FROM_EVENT:
        found = events[list(events)[rng.integers(len(events))]]
        onset, end = found[rng.integers(len(found))]
        at = rng.uniform(onset, end) - rng.uniform(0.02, 0.98) * seconds
        start = int(np.clip(round(at * FS_HZ), 0, last))
    leads = _leads(source, rng)
    columns = [source.leads.index(lead) for lead in leads]
    ecg_mv = source.ecg_mv[start : start + seconds * FS_HZ, columns].T.astype(np.float32)
    reading = read_window(encoder, np.ascontiguousarray(ecg_mv), leads)
    truth = source.annotated.window(start / FS_HZ, seconds)
    row = {
        "database": source.database,
        "record": source.name,
        "held_out": source.held_out,
        "start_s": start / FS_HZ,
        "leads": leads,
        "seconds": seconds,
        "known": sorted(truth.known),
        "spans": {str(w): spans for w, spans in truth.spans.items()},
        "beats_s": [round(at, 2) for at in truth.beats_s],
        "codes": source.codes,
        "evidence": asdict(reading.evidence),
    }
    return row, reading.features.astype(np.float16)


def _leads(source: Source, rng: np.random.Generator) -> tuple[str, ...]:
    if source.database == "ptbxl":
        return _PTBXL_VIEWS[rng.integers(len(_PTBXL_VIEWS))]
    if len(source.leads) == 1 or len(set(source.leads)) < len(source.leads):
        return source.leads[:1]
    return (source.leads[:1], source.leads[:1], source.leads[:1], source.leads[1:2], source.leads[:2])[
        rng.integers(5)
    ]


def _quota(refs: list[SourceRef], n: int, rng: np.random.Generator) -> dict[SourceRef, int]:
    """How many windows of each record; the bedside databases evenly, CinC 2017 one of each drawn record."""
    by_database = defaultdict(list)
    for ref in refs:
        by_database[ref.database].append(ref)
    quota: dict[SourceRef, int] = {}
    for database, found in by_database.items():
        wanted = int(SHARE[database] * n)
        if database == "cinc2017":
            weights = np.array([{"A": 4.0, "~": 8.0}.get(ref.label, 1.0) for ref in found])
            drawn = rng.choice(len(found), min(wanted, len(found)), replace=False, p=weights / weights.sum())
            quota |= {found[i]: 1 for i in drawn}
        else:
            weights = np.array([_weight(ref) for ref in found])
            quota |= {
                r: max(1, round(w * wanted / weights.sum())) for r, w in zip(found, weights, strict=True)
            }
    return quota


def _weight(ref: SourceRef) -> float:
    """The few records with bundle branch block, or with ventricular rhythms, teach more of them."""
    name = ref.path.name
    return 3.0 if name in {"109", "118", "124", "207"} else 2.0 if name in _VENTRICULAR_RHYTHMS else 1.0


_OF_PROCESS: dict[str, Encoder] = {}


def _begin(bundle: Path) -> None:
    _OF_PROCESS["encoder"] = Encoder(bundle)


def _read_task(task: tuple[SourceRef, int]) -> list[tuple[Row, Any]]:
    ref, n = task
    rng = np.random.default_rng(list(f"{ref.database}/{ref.path.name}".encode()))
    return windows_of(read_source(ref), n, rng, _OF_PROCESS["encoder"])


def make_corpus(data: Path, out: Path, n: int, workers: int) -> None:
    """Draw and encode; writes `rows.jsonl` and `features.npy` `[all tokens, features]`."""
    rng = np.random.default_rng(2026)
    quota = _quota(source_refs(data), n, rng)
    rows: list[Row] = []
    parts: list[Any] = []
    with ProcessPoolExecutor(workers, initializer=_begin, initargs=(DEFAULT_BUNDLE,)) as pool:
        for found in tqdm(
            pool.map(_read_task, quota.items(), chunksize=4), total=len(quota), unit=" records"
        ):
            rows += [row for row, _ in found]
            parts += [features for _, features in found]
    sources = list(ptbxl_sources(data))
    _begin(DEFAULT_BUNDLE)
    each = max(1, round(SHARE["ptbxl"] * n / len(sources)))
    for source in tqdm(sources, unit=" records"):
        drawn = np.random.default_rng(list(source.name.encode()))
        for row, features in windows_of(source, each, drawn, _OF_PROCESS["encoder"]):
            rows.append(row)
            parts.append(features)
    _write(out, rows, parts)


def _write(out: Path, rows: list[Row], parts: list[Any]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    firsts = np.cumsum([0, *(part.shape[0] * part.shape[1] for part in parts)])
    np.save(out / "features.npy", np.concatenate([part.reshape(-1, part.shape[2]) for part in parts]))
    with (out / "rows.jsonl").open("w") as file:
        for row, first in zip(rows, firsts[:-1].tolist(), strict=True):
            print(json.dumps(row | {"first": first}), file=file)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=9000)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    make_corpus(arguments.data, arguments.out, arguments.windows, arguments.workers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
