"""What the language model sees of an ECG: two tokens a second and lead, from the encoder's outputs.

A token holds half a second: the mean frame embedding, the embedding at its strongest beat, its beats and
their classes in fifths (tenths of a second), and the embedding, rhythm, quality and screen of its second.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter1d

from edge.bundle import Manifest
from edge.encoder import Encoder, EncoderFrames

TOKENS_PER_SECOND: Final = 2
LEADS: Final = ("?", "I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6")
"""Leads with a marker of their own; all others are `?`."""

MARKS: Final = "0123456789."
"""What times are written with; each is a token of its own."""

_TENTHS: Final = 5  # of a second, in a token
_NEAR_S: Final = 0.2  # of two peaks, the higher is the beat
_PIECE_S, _CONTEXT_S = 10, 1
_OTHER_NAMES: Final = {"MLI": "I", "MLII": "II", "MLIII": "III", "D1": "I", "D2": "II", "D3": "III"}

Float32 = npt.NDArray[np.float32]


def lead_code(name: str) -> int:
    """Place of a lead in `LEADS`, by any of its usual names."""
    usual = _OTHER_NAMES.get(name, name)
    known = {lead.upper(): code for code, lead in enumerate(LEADS)}
    return known.get(usual.upper(), 0)


def encoded_pieces(encoder: Encoder, ecg_mv: Float32) -> list[EncoderFrames]:
    """One lead `[samples]` of whole seconds, ten seconds at a time, each seen with a second around it."""
    fs = encoder.manifest.fs_hz
    seconds = len(ecg_mv) // fs
    pieces = []
    for first in range(0, seconds, _PIECE_S):
        start, stop = max(0, first - _CONTEXT_S), min(seconds, first + _PIECE_S + _CONTEXT_S)
        frames = encoder.run(ecg_mv[None, start * fs : stop * fs])
        pieces.append(_kept(frames, encoder, first - start, min(seconds, first + _PIECE_S) - start))
    return pieces


def token_features(frames: EncoderFrames) -> Float32:
    """`[tokens, features]` of one piece; features are at most about 1."""
    n = len(frames.rhythm) * TOKENS_PER_SECOND
    embedding = frames.frame_embedding.reshape(n, -1, frames.frame_embedding.shape[1])
    peaks = _peaks(frames.beat, len(frames.beat) // len(frames.rhythm))
    strongest = peaks.reshape(n, -1).argmax(axis=1)
    at_beat = embedding[np.arange(n), strongest] * peaks.reshape(n, -1).max(axis=1)[:, None]
    beats = _in_tenths(np.column_stack([peaks, peaks[:, None] * frames.classes]), n)
    seconds = [frames.embedding, frames.rhythm, frames.analysable[:, None], frames.screen]
    of_second = np.repeat(np.concatenate(seconds, axis=1), TOKENS_PER_SECOND, axis=0)
    return np.concatenate([embedding.mean(axis=1), at_beat, beats, of_second], axis=1).astype(np.float32)


def window_features(encoder: Encoder, ecg_mv: Float32) -> Float32:
    """`[leads, tokens, features]` of `[leads, samples]` in mV, filtered and at the encoder's rate."""
    return np.stack([lead_features(encoded_pieces(encoder, lead)) for lead in ecg_mv])


def lead_features(pieces: list[EncoderFrames]) -> Float32:
    """`[tokens, features]` of one lead."""
    return np.concatenate([token_features(piece) for piece in pieces])


def class_columns(frame_width: int, n_classes: int) -> npt.NDArray[np.int64]:
    """`[tenths, classes]`: which features hold the beats of each class."""
    first = 2 * frame_width
    return first + np.arange(_TENTHS)[:, None] * (1 + n_classes) + 1 + np.arange(n_classes)


def rhythm_columns(manifest: Manifest) -> npt.NDArray[np.int64]:
    """`[rhythms]`: which features hold the rhythms of the token's second."""
    first = 2 * manifest.frame_width + _TENTHS * (1 + len(manifest.beat_classes)) + manifest.embedding_width
    return first + np.arange(len(manifest.rhythms))


def block_plan(seconds: int, n_leads: int, beats_s: Sequence[float]) -> npt.NDArray[np.int64]:
    """Order of the rows of one ECG: tokens by time, lead by lead, and the time written where a beat is.

    Before the tokens of half a second stand the times of its beats, as `3.2`; a second without a beat is
    opened by its number. A row of `MARKS` is `-1 - place`; any other number is a row of `[leads * tokens]`.
    """
    per_lead = seconds * TOKENS_PER_SECOND
    tenths = sorted({round(at_s * 10) for at_s in beats_s if 0 <= at_s < seconds})
    plan: list[int] = []
    for token in range(per_lead):
        here = [t for t in tenths if t // _TENTHS == token]
        second, half = divmod(token, TOKENS_PER_SECOND)
        if not half and not any(t // 10 == second for t in tenths):
            plan += _written(str(second))
        for tenth in here:
            plan += _written(f"{tenth / 10:.1f}")
        plan += [lead * per_lead + token for lead in range(n_leads)]
    return np.array(plan, np.int64)


def _written(text: str) -> list[int]:
    return [-1 - MARKS.index(character) for character in text]


def block_rows(tokens: Float32, marks: Float32, beats_s: Sequence[float]) -> Float32:
    """`[rows, width]` of one ECG, from projected tokens `[leads, tokens, width]` and marks `[11, width]`."""
    plan = block_plan(tokens.shape[1] // TOKENS_PER_SECOND, len(tokens), beats_s)
    flat = tokens.reshape(-1, tokens.shape[2])
    return np.where((plan < 0)[:, None], marks[np.maximum(-1 - plan, 0)], flat[np.maximum(plan, 0)])


def _kept(frames: EncoderFrames, encoder: Encoder, first_s: int, stop_s: int) -> EncoderFrames:
    rate, fs = encoder.manifest.frames_per_second, encoder.manifest.fs_hz
    return frames.cut(
        slice(first_s * rate, stop_s * rate), slice(first_s * fs, stop_s * fs), slice(first_s, stop_s)
    )


def _peaks(beat: Float32, rate: int) -> Float32:
    """Probability where it is highest in its neighbourhood, else 0."""
    highest = maximum_filter1d(beat, 2 * round(_NEAR_S * rate) + 1, mode="constant")
    return np.where(beat == highest, beat, 0).astype(np.float32)


def _in_tenths(rows: Float32, n_tokens: int) -> Float32:
    """`[frames, k]` to `[tokens, tenths * k]`: the highest of the frames nearest to each tenth."""
    cells = n_tokens * _TENTHS
    cell_of_frame = np.minimum(np.round(np.arange(len(rows)) * cells / len(rows)).astype(int), cells - 1)
    highest = np.zeros((cells, rows.shape[1]), np.float32)
    np.maximum.at(highest, cell_of_frame, rows)
    return highest.reshape(n_tokens, -1)
