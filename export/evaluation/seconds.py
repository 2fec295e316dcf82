"""What the encoder, and the reader of its runs, say about each second of a recording."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge.analysis import placed_blocks
from edge.contiguous_run import ContiguousRun, EncodedSpan
from edge.encoder import Encoder
from edge.run_reader import ReadSecond, RunReader
from firmware_bridge.recordings import Recording

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSeconds:
    """Probabilities by second: rhythm `[seconds, rhythms]`, analysable `[seconds]`, screen `[seconds, 4]`.

    All are 0 where the recording has a gap.
    """

    rhythm: Float32
    analysable: Float32
    screen: Float32


def encode_seconds(recording: Recording, encoder: Encoder) -> EncodedSeconds:
    """Run the encoder as on the edge; the second after a gap begins with the first whole one."""
    manifest = encoder.manifest
    n = int(np.ceil(recording.n_samples / recording.fs_hz))
    rhythm = np.zeros((n, len(manifest.rhythms)), np.float32)
    analysable, screen = np.zeros(n, np.float32), np.zeros((n, len(manifest.screens)), np.float32)
    for first_s, span in _spans(recording, encoder):
        seconds = slice(first_s, min(n, first_s + len(span.frames.analysable)))
        n_known = seconds.stop - seconds.start
        rhythm[seconds] = span.frames.rhythm[:n_known]
        analysable[seconds] = span.frames.analysable[:n_known]
        screen[seconds] = span.frames.screen[:n_known]
    return EncodedSeconds(rhythm, analysable, screen)


def _spans(recording: Recording, encoder: Encoder) -> list[tuple[int, EncodedSpan]]:
    """Spans with the second of the recording at which they begin."""
    spans: list[tuple[int, EncodedSpan]] = []
    run, origin_s, next_index = _new_run(recording, encoder), 0, 0
    for block in placed_blocks(recording):
        if block.first_index != next_index:
            spans += [(origin_s + span.first_s, span) for span in run.flush(encoder)]
            run, origin_s = _new_run(recording, encoder), round(block.first_index / recording.fs_hz)
        spans += [(origin_s + span.first_s, span) for span in run.feed(block.ecg_uv, encoder)]
        next_index = block.stop_index
    return spans + [(origin_s + span.first_s, span) for span in run.flush(encoder)]


def _new_run(recording: Recording, encoder: Encoder) -> ContiguousRun:
    return ContiguousRun(encoder.manifest, recording.fs_hz, len(recording.leads))


def vf_seconds(recording: Recording, encoder: Encoder) -> Float32:
    """Probability of VF `[seconds]` as the edge decides by it; 0 where the recording has a gap."""
    probability = np.zeros(int(np.ceil(recording.n_samples / recording.fs_hz)), np.float32)
    reader, previous_s = RunReader(encoder.manifest), 0
    for origin_s, span in ((first_s - span.first_s, span) for first_s, span in _spans(recording, encoder)):
        if origin_s != previous_s:
            _put(probability, reader.flush(encoder), previous_s)
            reader, previous_s = RunReader(encoder.manifest), origin_s
        _put(probability, reader.feed(span, encoder), origin_s)
    _put(probability, reader.flush(encoder), previous_s)
    return probability


def _put(probability: Float32, seconds: list[ReadSecond], origin_s: int) -> None:
    for second in seconds:
        if origin_s + second.first_s < len(probability):
            probability[origin_s + second.first_s] = second.vf_probability
