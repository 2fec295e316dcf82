"""What is missing of a segment: any damage to its files is counted, and costs only what it touches."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.recorder import Recorder, RecorderSettings
from edge.sample_spans import merged, n_samples, without
from edge.segment_check import missing_spans, read_spans
from edge.segment_compression import compress
from edge.stream import NS_PER_S, PlacedBlock

FS_HZ, START_NS, N = 130.0, 1_790_000_000 * NS_PER_S, 73
BLOCKS, FIRST = 20, 10_000
WHOLE = (FIRST, FIRST + BLOCKS * N)
SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8)


def samples_in(spans) -> set[int]:
    return {i for first, stop in spans for i in range(first, stop)}


@given(SPANS, SPANS)
def test_spans_are_sets_of_samples(some, others) -> None:
    left = without(some, others)
    assert samples_in(left) == samples_in(some) - samples_in(others)
    assert n_samples(left) == len(samples_in(left))
    assert samples_in(merged(some)) == samples_in(some)


def recorded(folder: Path) -> Path:
    recorder = Recorder(folder, FS_HZ, ("ECG",), RecorderSettings(tidy_every_s=3600))
    random = np.random.default_rng(5)
    for i in range(BLOCKS):
        first = FIRST + i * N
        start_ns = START_NS + round(first * NS_PER_S / FS_HZ)
        recorder.append(PlacedBlock(first, start_ns, random.integers(-900, 900, (N, 1)).astype(np.int32)))
    recorder.close()
    return folder / "000001"


@settings(deadline=None, max_examples=150)
@given(
    st.booleans(),
    st.sampled_from(["samples", "journal", "header"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 255),
    st.booleans(),
)
def test_one_damage_is_counted_to_the_sample(
    tmp_path_factory, is_packed, which, place, turned, is_cut_off
) -> None:
    stem = recorded(tmp_path_factory.mktemp("check") / "r")
    if is_packed:
        compress(stem)
    samples, journal = (".flac", ".blocks.z") if is_packed else (".dat", ".blocks")
    path = stem.with_suffix({"samples": samples, "journal": journal, "header": ".hea"}[which])
    content = bytearray(path.read_bytes())
    at = int(place * len(content))
    if is_cut_off:
        del content[at:]
    else:
        content[at] ^= turned
    path.write_bytes(content)
    missing = missing_spans(stem, 1, FIRST)
    assert n_samples(missing) == BLOCKS * N - n_samples(read_spans(stem, 1))
    assert not without(missing, [WHOLE])
    if which == "header":
        assert not missing
    if which == "journal" and not is_packed and not is_cut_off:
        assert n_samples(missing) <= N, "a damaged entry costs no other block"
