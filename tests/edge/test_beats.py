import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.beats import BeatDecoder, RawBeat
from edge.encoder import Encoder, EncoderFrames


def frames(beat: np.ndarray, manifest, p_at: int | None = None) -> EncoderFrames:
    n, seconds = len(beat), -(-len(beat) // 64)
    classes = np.tile(np.eye(len(manifest.beat_classes), dtype=np.float32)[2], (n, 1))
    waves = np.zeros((2 * n, 4), np.float32)
    waves[:, 0] = 1
    if p_at is not None:
        waves[2 * p_at : 2 * p_at + 2] = (0.1, 0.9, 0, 0)
    rhythm = np.zeros((seconds, len(manifest.rhythms)), np.float32)
    embedding = np.arange(n, dtype=np.float32)[:, None] * np.ones((1, manifest.frame_width), np.float32)
    empty = np.zeros((0, 2), np.float32)
    return EncoderFrames(
        beat.astype(np.float32), classes, embedding, waves, rhythm, empty, empty, empty, empty
    )


def cut(whole: EncoderFrames, first: int, stop: int) -> EncoderFrames:
    """Seconds are looked up by the caller in whole strides; here all have the same rhythm."""
    seconds = slice(0, -(-(stop - first) // 64))
    return whole.cut(slice(first, stop), slice(2 * first, 2 * stop), seconds)


def bumps(at: list[int], n: int) -> np.ndarray:
    t = np.arange(n)
    return np.max([0.8 * np.exp(-0.5 * ((t - i) / 1.5) ** 2) for i in at], axis=0)


def same(ours: list[RawBeat], theirs: list[RawBeat]) -> bool:
    keys = ("at_s", "confidence", "classes", "p_probability", "p_lead_s", "qrs_s", "embedding", "p_embedding")
    return len(ours) == len(theirs) and all(
        np.allclose(getattr(a, key), getattr(b, key))
        for a, b in zip(ours, theirs, strict=True)
        for key in keys
    )


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=30))
def test_chunks_do_not_matter(encoder_manifest, sizes: list[int]) -> None:
    rng = np.random.default_rng(sum(sizes))
    whole_frames = frames(rng.random(sum(sizes)), encoder_manifest)
    whole = BeatDecoder(encoder_manifest)
    expected = whole.feed(whole_frames) + whole.flush()
    stream, found, first = BeatDecoder(encoder_manifest), [], 0
    for size in sizes:
        found += stream.feed(cut(whole_frames, first, first + size))
        first += size
    assert same(found + stream.flush(), expected)


def test_position_class_and_refractory(encoder: Encoder) -> None:
    decoder = BeatDecoder(encoder.manifest)
    found = decoder.feed(frames(bumps([0, 64, 70, 128], 140), encoder.manifest)) + decoder.flush()
    assert [round(beat.at_s * 64) for beat in found] == [0, 64, 128]
    assert {encoder.manifest.beat_classes[int(beat.classes.argmax())] for beat in found} == {"V"}


def test_the_p_wave_before_a_beat_is_its_own(encoder: Encoder) -> None:
    decoder = BeatDecoder(encoder.manifest)
    found = decoder.feed(frames(bumps([64, 128], 160), encoder.manifest, p_at=118)) + decoder.flush()
    assert [round(beat.p_probability, 1) for beat in found] == [0.0, 0.9]
    assert round(found[1].p_lead_s * 64) == 10
