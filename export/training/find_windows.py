"""Windows for retrieval: what the bundle's own encoder says of each, and which concepts are there.

Drawn once and kept on disk; the encoder is the int8 one that the edge runs.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from edge.encoder import Encoder
from export.training.find_concepts import Known, concepts_of_statements, concepts_of_window
from export.training.ptbxl_views import read_descriptions, read_ptbxl_reports, view_report
from export.training.record_cache import load_groups
from export.training.records import FS_HZ
from export.training.sentences import Report, report
from export.training.windows import WindowSource

Float32 = npt.NDArray[np.float32]
Labelled = tuple[Float32, Known, Report | None]


@dataclass(frozen=True, slots=True)
class FindWindows:
    """Embeddings of seconds `[n, seconds, width]` and windows `[n, text width]`; concepts `[n, concepts]`.

    `words`, `measurements` and `findings` are those of a sentence about the window, empty where none is sure.
    """

    seconds: npt.NDArray[np.float16]
    windows: npt.NDArray[np.float16]
    concepts: Known
    words: npt.NDArray[np.str_]
    measurements: npt.NDArray[np.str_]
    findings: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.seconds)


def find_windows(
    bundle: Path, data: Path, settings: dict[str, Any], kept: Path, *, held_out: bool
) -> FindWindows:
    """The windows of `kept`, drawn first if it is not there; training or held-out patients."""
    if not kept.exists():
        n = settings["held_out_windows" if held_out else "windows"]
        kept.parent.mkdir(parents=True, exist_ok=True)
        drawn = _draw(Encoder(bundle), data, settings, n, held_out=held_out)
        part = kept.with_suffix(".part.npz")
        np.savez(part, **{name: getattr(drawn, name) for name in FindWindows.__slots__})
        part.rename(kept)
    with np.load(kept) as stored:
        return FindWindows(**{name: stored[name] for name in FindWindows.__slots__})


def _draw(encoder: Encoder, data: Path, settings: dict[str, Any], n: int, *, held_out: bool) -> FindWindows:
    rng = np.random.default_rng(settings["seed"] + held_out)
    sources = [_annotated(data, settings, rng, leads, held_out=held_out) for leads in (1, 2, 3)]
    sources.append(_reported(data, settings, rng, held_out=held_out))
    share = np.array([*settings["leads_share"], settings["reports_share"]])
    seconds, windows, concepts, said = [], [], [], []
    for _ in tqdm(range(n), desc="windows"):
        ecg_mv, known, words = next(sources[rng.choice(4, p=share / share.sum())])
        frames = encoder.run(ecg_mv)
        seconds.append(frames.embedding.astype(np.float16))
        windows.append(frames.window_embedding.astype(np.float16))
        concepts.append(known)
        said.append((words.words, words.measurements, "|".join(words.findings)) if words else ("", "", ""))
    columns = [np.array(column) for column in zip(*said, strict=True)]
    return FindWindows(np.stack(seconds), np.stack(windows), np.stack(concepts), *columns)


def _annotated(
    data: Path, settings: dict[str, Any], rng: np.random.Generator, leads: int, *, held_out: bool
) -> Iterator[Labelled]:
    groups, noise = load_groups(data, list(settings["weights"]), held_out=held_out)
    weights = {name: settings["weights"][name] for name in groups}
    seed = int(rng.integers(1 << 30))
    for window in WindowSource(
        groups, weights, noise, settings["window_s"], leads, seed, augment=not held_out
    ):
        yield window.ecg_mv, concepts_of_window(window), report(window, rng)


def _reported(
    data: Path, settings: dict[str, Any], rng: np.random.Generator, *, held_out: bool
) -> Iterator[Labelled]:
    records = [record for record in read_ptbxl_reports(data) if record.held_out is held_out]
    words, n = read_descriptions(data), settings["window_s"] * FS_HZ
    while True:
        record = records[rng.integers(len(records))]
        leads = rng.permutation(12)[: rng.integers(1, 4)].tolist()
        said = view_report(record, leads, words, whole=bool(rng.random() < 0.3))
        ecg = record.ecg_mv[:n, leads].T.astype(np.float32)
        known = concepts_of_statements(record.codes, said.findings if said else ())
        yield np.pad(ecg, ((0, 0), (0, n - ecg.shape[1]))), known, said


def directions(windows: FindWindows) -> Float32:
    """`[n, 2 * width]`: what the edge sends of each window, in 8 bits as on the wire."""
    seconds = windows.seconds.astype(np.float32)
    pooled = np.concatenate([seconds.mean(axis=1), seconds.max(axis=1)], axis=1)
    codes = np.round(pooled / np.abs(pooled).max(axis=1, keepdims=True) * 127)
    return np.asarray(codes / np.linalg.norm(codes, axis=1, keepdims=True), np.float32)
