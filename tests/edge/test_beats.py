import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.beats import BeatDecoder
from edge.encoder import Encoder, EncoderFrames


def frames(beat: np.ndarray) -> EncoderFrames:
    n = len(beat)
    classes = np.tile(np.array([[0.1, 0.1, 0.7, 0.1]], np.float32), (n, 1))
    empty = np.zeros((0, 2), np.float32)
    return EncoderFrames(beat.astype(np.float32), classes, empty, empty[:, 0], empty)


def bumps(at: list[int], n: int) -> np.ndarray:
    t = np.arange(n)
    return np.max([0.8 * np.exp(-0.5 * ((t - i) / 1.5) ** 2) for i in at], axis=0)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=30))
def test_chunks_do_not_matter(encoder_manifest, sizes: list[int]) -> None:
    rng = np.random.default_rng(sum(sizes))
    heat = rng.random(sum(sizes))
    whole = BeatDecoder(encoder_manifest)
    expected = whole.feed(frames(heat)) + whole.flush()
    stream, found, first = BeatDecoder(encoder_manifest), [], 0
    for size in sizes:
        found += stream.feed(frames(heat[first : first + size]))
        first += size
    assert found + stream.flush() == expected


def test_position_class_and_refractory(encoder: Encoder) -> None:
    decoder = BeatDecoder(encoder.manifest)
    found = decoder.feed(frames(bumps([0, 64, 70, 128], 140))) + decoder.flush()
    assert [round(beat.at_s * 64) for beat in found] == [0, 64, 128]
    assert {encoder.manifest.beat_classes[beat.class_index] for beat in found} == {"V"}
