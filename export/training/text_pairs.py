"""Pairs of a window and a sentence about it: from annotations, and from PTB-XL's reports."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from tqdm import tqdm

from export.model import EcgEncoder
from export.training.ptbxl_views import read_descriptions, read_ptbxl_reports, view_report
from export.training.record_cache import load_groups
from export.training.records import FS_HZ
from export.training.sentences import Report, report
from export.training.windows import WindowSource

Float32 = npt.NDArray[np.float32]
_BATCH = 48


@dataclass(frozen=True, slots=True)
class TextPairs:
    """Embeddings of seconds `[pairs, seconds, width]` by the frozen encoder, and what is said of each."""

    seconds: Tensor
    reports: list[Report]


def kept_pairs(
    folder: Path, encoder: EcgEncoder, data: Path, settings: dict[str, Any], *, held_out: bool
) -> TextPairs:
    """The pairs in `folder` where the same settings and encoder drew them, else drawn now and kept there."""
    path = folder / ("held_out_pairs.pt" if held_out else "pairs.pt")
    stamp = _stamp(encoder, data, settings)
    stored = torch.load(path, weights_only=True) if path.exists() else {}
    if stored.get("stamp") == stamp:
        return TextPairs(stored["seconds"], [Report(*said) for said in stored["reports"]])
    n = settings["held_out_pairs" if held_out else "pairs"]
    pairs = draw_pairs(encoder, data, settings, n, held_out=held_out)
    reports = [(said.findings, said.words, said.measurements) for said in pairs.reports]
    torch.save({"stamp": stamp, "seconds": pairs.seconds, "reports": reports}, path.with_suffix(".part"))
    path.with_suffix(".part").rename(path)
    return pairs


def _stamp(encoder: EcgEncoder, data: Path, settings: dict[str, Any]) -> str:
    """Changes with whatever the pairs depend on."""
    digest = hashlib.sha256(json.dumps([str(data.resolve()), settings], sort_keys=True).encode())
    for name, value in encoder.state_dict().items():
        digest.update(name.encode() + value.numpy().tobytes())
    return digest.hexdigest()


def draw_pairs(
    encoder: EcgEncoder, data: Path, settings: dict[str, Any], n: int, *, held_out: bool
) -> TextPairs:
    """`n` random pairs of training or held-out patients, the same ones for the same seed."""
    rng = np.random.default_rng(settings["seed"] + held_out)
    sources = [_annotated(data, settings, rng, leads, held_out=held_out) for leads in (1, 2, 3)]
    sources.append(_reported(data, settings, rng, held_out=held_out))
    share = np.array([*settings["leads_share"], settings["reports_share"]])
    parts, reports = [], []
    for _ in tqdm(range(-(-n // _BATCH)), desc="pairs", unit=" batches"):
        drawn = [next(sources[rng.choice(4, p=share / share.sum())]) for _ in range(_BATCH)]
        reports += [said for _, said in drawn]
        parts.append(_embedded(encoder, [ecg for ecg, _ in drawn]))
    return TextPairs(torch.cat(parts)[:n], reports[:n])


@torch.no_grad()
def _embedded(encoder: EcgEncoder, windows: list[Float32]) -> Tensor:
    """Windows may differ in their number of leads: by groups of the same."""
    seconds = torch.empty(0)
    for leads in {len(ecg) for ecg in windows}:
        rows = [i for i, ecg in enumerate(windows) if len(ecg) == leads]
        found = encoder(torch.from_numpy(np.stack([windows[i] for i in rows]))).second_embeddings
        seconds = seconds if len(seconds) else torch.empty(len(windows), *found.shape[1:])
        seconds[rows] = found
    return seconds


def _annotated(
    data: Path, settings: dict[str, Any], rng: np.random.Generator, leads: int, *, held_out: bool
) -> Iterator[tuple[Float32, Report]]:
    groups, noise = load_groups(data, list(settings["weights"]), held_out=held_out)
    weights = {name: settings["weights"][name] for name in groups}
    source = WindowSource(
        groups, weights, noise, settings["window_s"], leads, int(rng.integers(1 << 30)), augment=not held_out
    )
    for window in source:
        said = report(window, rng)
        if said:
            yield window.ecg_mv, said


def _reported(
    data: Path, settings: dict[str, Any], rng: np.random.Generator, *, held_out: bool
) -> Iterator[tuple[Float32, Report]]:
    records = [record for record in read_ptbxl_reports(data) if record.held_out is held_out]
    words, n = read_descriptions(data), settings["window_s"] * FS_HZ
    while True:
        record = records[rng.integers(len(records))]
        leads = rng.permutation(12)[: rng.integers(1, 4)].tolist()
        said = view_report(record, leads, words, whole=bool(rng.random() < 0.3))
        if said:
            ecg = record.ecg_mv[:n, leads].T.astype(np.float32)
            yield np.pad(ecg, ((0, 0), (0, n - ecg.shape[1]))), said
