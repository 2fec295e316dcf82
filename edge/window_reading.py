"""One window of ECG read by the encoder alone: its measurements, and what the language model sees of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np
import numpy.typing as npt

from edge.beat_spans import ectopy_spans
from edge.beats import BeatDecoder, RawBeat
from edge.bundle import Manifest
from edge.encoder import Encoder, EncoderFrames
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import Rhythm, Waveform
from edge.soft_tokens import encoded_pieces, lead_features
from edge.wave_order import Wave, WaveKind
from edge.waves import WaveDecoder

Float32 = npt.NDArray[np.float32]

_HALF = 0.5
_LONGEST_PR_S = 0.4
_WHOLE_WINDOW = {
    Rhythm.ATRIAL_FIBRILLATION: Waveform.ATRIAL_FIBRILLATION,
    Rhythm.VENTRICULAR_FIBRILLATION: Waveform.VENTRICULAR_FIBRILLATION,
}


@dataclass(frozen=True, slots=True, eq=False)
class WindowReading:
    """`features` `[leads, tokens, features]`; the evidence is of the first lead."""

    evidence: Evidence
    features: Float32


def read_window(encoder: Encoder, ecg_mv: Float32, leads: Sequence[str]) -> WindowReading:
    """Read `[leads, samples]` in mV, filtered, at the encoder's rate, of a whole number of seconds."""
    pieces = [encoded_pieces(encoder, lead) for lead in ecg_mv]
    features = np.stack([lead_features(lead) for lead in pieces])
    return WindowReading(_evidence(pieces[0], encoder.manifest, ecg_mv[0], tuple(leads)), features)


def _evidence(
    pieces: list[EncoderFrames], manifest: Manifest, ecg_mv: Float32, leads: tuple[str, ...]
) -> Evidence:
    duration_s = len(ecg_mv) / manifest.fs_hz
    beats = tuple(_beats(pieces, manifest))
    rhythm = np.concatenate([piece.rhythm for piece in pieces])
    analysable = np.concatenate([piece.analysable for piece in pieces])
    intervals = measured_ms(_waves(pieces, manifest, ecg_mv))
    spans = (*ectopy_spans(beats, duration_s), *_rhythm_spans(rhythm, manifest, duration_s))
    readable_s = float((analysable >= manifest.thresholds.analysable).sum())
    return Evidence(duration_s, leads, beats, spans, readable_s, *intervals)


def _beats(pieces: list[EncoderFrames], manifest: Manifest) -> Iterable[EvidenceBeat]:
    decoder = BeatDecoder(manifest)
    raw = [beat for piece in pieces for beat in decoder.feed(piece)] + decoder.flush()
    weights = np.array([manifest.thresholds.class_weight.get(name, 1.0) for name in manifest.beat_classes])
    for beat in raw:
        yield EvidenceBeat(round(beat.at_s, 3), manifest.beat_classes[_likeliest(beat, weights)])


def _likeliest(beat: RawBeat, weights: npt.NDArray[np.float64]) -> int:
    return int((beat.classes * weights).argmax())


def _rhythm_spans(rhythm: Float32, manifest: Manifest, duration_s: float) -> Iterable[EvidenceSpan]:
    """A rhythm that fills most of the window is given all of it."""
    mean = rhythm.mean(axis=0)
    for name, waveform in _WHOLE_WINDOW.items():
        if mean[manifest.rhythms.index(name)] >= _HALF:
            yield EvidenceSpan(waveform, 0.0, round(duration_s, 1))


def _waves(pieces: list[EncoderFrames], manifest: Manifest, ecg_mv: Float32) -> list[Wave]:
    decoder, probability = WaveDecoder(manifest), np.concatenate([piece.waves for piece in pieces])
    ecg = ecg_mv[: len(probability), None].astype(np.float64)
    return [*decoder.feed(probability, ecg), *decoder.flush()]


def measured_ms(waves: Sequence[Wave]) -> tuple[float | None, float | None, float | None]:
    """Median PR, QRS and QT in ms; `None` where no beat has the waves for it."""
    pr, qrs, qt = [], [], []
    p_wave = complex_ = None
    for wave in waves:
        if wave.kind is WaveKind.P:
            p_wave = wave
        elif wave.kind is WaveKind.QRS:
            qrs.append(wave.end_s - wave.onset_s)
            if p_wave and wave.onset_s - p_wave.onset_s < _LONGEST_PR_S:
                pr.append(wave.onset_s - p_wave.onset_s)
            complex_, p_wave = wave, None
        elif complex_:
            qt.append(wave.end_s - complex_.onset_s)
            complex_ = None
    return _median_ms(pr), _median_ms(qrs), _median_ms(qt)


def _median_ms(values_s: Sequence[float]) -> float | None:
    return round(1000 * median(values_s)) if values_s else None
