"""A probe finds what its tokens hold, and nothing where they hold nothing."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from benchmarks.localization_probe import Probe, Row, is_for_choice
from benchmarks.localization_tokens import beat_times, embedding_columns
from edge.bundle import DEFAULT_BUNDLE, load_manifest
from edge.labels import Waveform
from edge.tenths import to_tenths
from export.evaluation.localization import iou

V = Waveform.VENTRICULAR_BEAT
N_PATIENTS, SECONDS, STEPS = 80, 10, 80


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    """Two would take turns waiting for each other on networks as small as these."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def rows_of(first: int) -> list[Row]:
    """Half of the patients have V, somewhere."""
    rng = np.random.default_rng(first)
    rows = []
    for number in range(first, first + N_PATIENTS):
        start_s = float(rng.integers(0, 14)) / 2
        spans = {"V": [[start_s, start_s + 2]]} if number % 2 else {}
        row = {"database": "made", "record": str(number), "leads": ["II"], "known": ["V"]}
        rows.append(row | {"seconds": SECONDS, "spans": spans, "evidence": {"beats": []}})
    return rows


def tokens(row: Row) -> np.ndarray:
    """Of which one number says whether V is there, and the others nothing."""
    inside = to_tenths(row["spans"].get("V", ()), SECONDS).reshape(-1, 5).mean(axis=1)
    noise = np.random.default_rng(int(row["record"])).normal(size=(len(inside), 3))
    return np.concatenate([inside[:, None], noise], axis=1)[None].astype(np.float32)


def scored(probe: Probe) -> float:
    new = rows_of(1000)
    return float(np.mean([iou(row["spans"].get("V", []), probe.places(row, V)) for row in new]))


def test_it_finds_what_is_in_the_tokens_and_not_what_is_not() -> None:
    assert scored(Probe(rows_of(0), tokens, [V], STEPS)) > 0.8
    assert scored(Probe(rows_of(0), lambda row: tokens(row)[:, :, 1:], [V], STEPS)) < 0.6


def test_an_oracle_of_presence_is_obeyed() -> None:
    probe, with_it = Probe(rows_of(0), tokens, [V], STEPS), rows_of(1000)[1]
    assert probe.places(with_it, V, is_there=True)
    assert not probe.places(with_it, V, is_there=False)


def test_about_a_fifth_of_the_patients_choose_the_thresholds_always_the_same() -> None:
    chosen = [is_for_choice(row) for row in rows_of(0) * 2]
    assert chosen[:N_PATIENTS] == chosen[N_PATIENTS:]
    assert 0.05 < np.mean(chosen) < 0.4


def test_times_of_beats_stand_in_the_tenths_of_their_tokens() -> None:
    beats = [{"at_s": 0.0}, {"at_s": 0.74}, {"at_s": 1.999}]
    there = beat_times({"seconds": 2, "leads": ["I", "II"], "evidence": {"beats": beats}})
    assert there.shape == (2, 4, 5)
    assert np.argwhere(there[1]).tolist() == [[0, 0], [1, 2]]


def test_embeddings_are_what_is_neither_a_beat_nor_a_rhythm() -> None:
    manifest = load_manifest(DEFAULT_BUNDLE)
    columns = embedding_columns(manifest)
    assert len(columns) == len(set(columns.tolist()))
    assert len(columns) == pytest.approx(2 * manifest.frame_width + manifest.embedding_width)
