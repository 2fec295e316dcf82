"""A finished recording through the same pipeline as the stream, and its result as WFDB annotations."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge.contiguous_run import Beside
from edge.encoder import Encoder
from edge.errors import UserError
from edge.labels import Finding, Rhythm
from edge.pipeline import Pipeline, PipelineSettings
from edge.stream import NS_PER_S, Beat, EpisodeStep, MinuteSummary, Output, PlacedBlock, RhythmChange
from firmware_bridge.recordings import Recording, RecordingBlock

_BLOCK_S = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Analysis:
    """What the pipeline found, in order of time.

    `implausible_qrs_mv`: how high QRS complexes were, at most, where no heart's are so high.
    """

    beats: list[Beat]
    rhythm_changes: list[RhythmChange]
    episodes: list[EpisodeStep]
    minutes: list[MinuteSummary]
    implausible_qrs_mv: float | None


def analyse(
    recording: Recording,
    encoder: Encoder,
    settings: PipelineSettings | None = None,
    progress: Callable[[int], None] = lambda _: None,
    beside: Beside = lambda *_: None,
) -> Analysis:
    """Run the whole recording; `progress` is told how many samples are done, `beside` of each span."""
    if len(recording.leads) > encoder.manifest.max_leads:
        raise UserError(
            f"{recording.name}: {len(recording.leads)} signals, the encoder reads at most"
            f" {encoder.manifest.max_leads}; choose with --signal"
        )
    pipeline = Pipeline(encoder, recording.fs_hz, len(recording.leads), settings, beside)
    outputs: list[Output] = []
    heights_mv: list[float | None] = []
    for placed in placed_blocks(recording):
        outputs += pipeline.feed(placed)
        heights_mv.append(pipeline.implausible_qrs_mv)
        progress(placed.stop_index)
    outputs += pipeline.flush()
    heights_mv.append(pipeline.implausible_qrs_mv)
    return _sorted(outputs, max(filter(None, heights_mv), default=None))


def placed_blocks(recording: Recording) -> Iterator[PlacedBlock]:
    """The whole recording; what is missing between two blocks is a gap."""
    for block in recording.blocks(int(_BLOCK_S * recording.fs_hz)):
        yield from _valid_pieces(block, recording)


def _valid_pieces(block: RecordingBlock, recording: Recording) -> Iterator[PlacedBlock]:
    """Stretches in which at least one lead has samples; what lies between them is a gap."""
    start_ns = round(((recording.base_time_utc or _EPOCH) - _EPOCH).total_seconds() * NS_PER_S)
    valid = block.valid.any(axis=1)
    edges = np.flatnonzero(np.diff(valid.astype(np.int8), prepend=0, append=0))
    for first, stop in edges.reshape(-1, 2).tolist():
        index = block.start + first
        at_ns = start_ns + round(index * NS_PER_S / recording.fs_hz)
        yield PlacedBlock(index, at_ns, block.uv[first:stop])


def _sorted(outputs: list[Output], implausible_qrs_mv: float | None) -> Analysis:
    return Analysis(
        beats=[output for output in outputs if isinstance(output, Beat)],
        rhythm_changes=[output for output in outputs if isinstance(output, RhythmChange)],
        episodes=[output for output in outputs if isinstance(output, EpisodeStep)],
        minutes=[output for output in outputs if isinstance(output, MinuteSummary)],
        implausible_qrs_mv=implausible_qrs_mv,
    )


def _fibrillation(analysis: Analysis, fs_hz: float) -> list[tuple[int, str, str]]:
    """`[` at the onset and `]` at the end of each episode of ventricular fibrillation."""
    rows = []
    for step in analysis.episodes:
        span = step.span
        if span.finding is Finding.VENTRICULAR_FIBRILLATION and span.end_ns is not None:
            length = round((span.end_ns - span.onset_ns) * fs_hz / NS_PER_S)
            rows += [(span.onset_index, "[", ""), (span.onset_index + length, "]", "")]
    return rows


def write_annotations(analysis: Analysis, name: str, annotator: str, fs_hz: float, folder: Path) -> Path:
    """Write `NAME.annotator`: beats as N S V F Q, rhythm as `+` with `(N` or `(AFIB`, VF in `[` `]`."""
    import wfdb

    rows = [(beat.index, str(beat.beat_class), "") for beat in analysis.beats]
    rows += _fibrillation(analysis, fs_hz)
    rows += [(change.index, "+", f"({change.rhythm}") for change in analysis.rhythm_changes]
    if rows:
        rows.append((min(row[0] for row in rows), "+", f"({Rhythm.NON_AF}"))
    rows.sort(key=lambda row: (row[0], row[1] != "+"))
    if not rows:
        is_readable = any(minute.analysable_s for minute in analysis.minutes)
        why = "" if is_readable else ": none of it can be read (flat, saturated, noise, or another unit)"
        raise UserError(f"{name}: no beat was found, nothing to write{why}")
    folder.mkdir(parents=True, exist_ok=True)
    samples, symbols, notes = zip(*rows, strict=True)
    wfdb.wrann(
        name,
        annotator,
        np.array(samples, dtype=np.int64),
        symbol=list(symbols),
        aux_note=list(notes),
        fs=fs_hz,
        write_dir=str(folder),
    )
    return folder / f"{name}.{annotator}"
