"""Evidence of a recorded window, by the same pipeline as the stream, with an encoder of its own."""

from collections.abc import Iterator
from pathlib import Path

from edge.encoder import Encoder
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import WAVEFORM_OF_FINDING, BeatClass, Finding, Rhythm, Waveform
from edge.pipeline import Pipeline, PipelineSettings
from edge.recorded_window import RecordedWindow
from edge.stream import NS_PER_S, Beat, EpisodeStep, MinuteSummary, Output, PlacedBlock, RhythmChange, Span
from edge.wave_order import Wave
from edge.wave_run import WaveRun
from edge.window_reading import measured_ms

_SINGLE = {
    BeatClass.VENTRICULAR: Waveform.VENTRICULAR_BEAT,
    BeatClass.SUPRAVENTRICULAR: Waveform.SUPRAVENTRICULAR_BEAT,
}
_BEAT_REACH_S = 0.1


class SpanReader:
    """Loads its encoder with the first question, so that an edge that is never asked does not pay for it."""

    def __init__(self, bundle: Path, settings: PipelineSettings) -> None:
        self._bundle, self._settings = bundle, settings
        self._encoder: Encoder | None = None

    def read(self, window: RecordedWindow) -> Evidence:
        """Beats, findings, readable seconds and intervals; takes some tens of ms a second of ECG."""
        self._encoder = self._encoder or Encoder(self._bundle)
        outputs = list(self._outputs(window, self._encoder))
        beats = [output for output in outputs if isinstance(output, Beat)]
        minutes = [output for output in outputs if isinstance(output, MinuteSummary)]
        pr_ms, qrs_ms, qt_ms = measured_ms(_waves(window, self._encoder))
        return Evidence(
            duration_s=window.duration_s,
            leads=window.leads,
            beats=tuple(EvidenceBeat(_at_s(beat.at_ns, window), beat.beat_class) for beat in beats),
            spans=tuple(sorted(_spans(outputs, window), key=lambda span: (span.start_s, span.end_s))),
            readable_s=sum(minute.analysable_s for minute in minutes),
            pr_ms=pr_ms,
            qrs_ms=qrs_ms,
            qt_ms=qt_ms,
        )

    def _outputs(self, window: RecordedWindow, encoder: Encoder) -> Iterator[Output]:
        pipeline = Pipeline(encoder, window.fs_hz, len(window.leads), self._settings)
        pipeline.begin_at(window.blocks[0].first_index)
        for block in window.blocks:
            yield from pipeline.feed(block)
        yield from pipeline.flush()


def _at_s(at_ns: int, window: RecordedWindow) -> float:
    return round(min(max(0, at_ns - window.start_ns) / NS_PER_S, window.duration_s), 3)


def _spans(outputs: list[Output], window: RecordedWindow) -> Iterator[EvidenceSpan]:
    """Episodes, atrial fibrillation however short, and single ectopic beats."""
    newest: dict[tuple[Finding, int], Span] = {}
    for output in outputs:
        if isinstance(output, EpisodeStep):
            newest[(output.span.finding, output.span.onset_index)] = output.span
        elif isinstance(output, Beat) and output.beat_class in _SINGLE:
            at_s = _at_s(output.at_ns, window)
            start_s, end_s = max(0.0, at_s - _BEAT_REACH_S), min(window.duration_s, at_s + _BEAT_REACH_S)
            yield EvidenceSpan(_SINGLE[output.beat_class], round(start_s, 3), round(end_s, 3))
    for span in newest.values():
        if span.finding is not Finding.ATRIAL_FIBRILLATION:
            end_ns = span.last_ns if span.end_ns is None else span.end_ns
            waveform = WAVEFORM_OF_FINDING[span.finding]
            yield EvidenceSpan(waveform, _at_s(span.onset_ns, window), _at_s(end_ns, window))
    yield from _fibrillation(outputs, window)


def _fibrillation(outputs: list[Output], window: RecordedWindow) -> Iterator[EvidenceSpan]:
    onset_s: float | None = None
    first_index = window.blocks[0].first_index
    for change in outputs:
        if not isinstance(change, RhythmChange):
            continue
        at_s = round(min((change.index - first_index) / window.fs_hz, window.duration_s), 3)
        if change.rhythm is Rhythm.ATRIAL_FIBRILLATION:
            onset_s = at_s
        elif onset_s is not None:
            yield EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, onset_s, at_s)
            onset_s = None
    if onset_s is not None:
        yield EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, onset_s, round(window.duration_s, 3))


def _waves(window: RecordedWindow, encoder: Encoder) -> list[Wave]:
    """Of the longest stretch without a gap."""
    stretches: list[list[PlacedBlock]] = []
    for block in window.blocks:
        if not stretches or block.first_index != stretches[-1][-1].stop_index:
            stretches.append([])
        stretches[-1].append(block)
    longest = max(stretches, key=lambda blocks: sum(len(block.ecg_uv) for block in blocks))
    run = WaveRun(encoder, window.fs_hz, len(window.leads))
    return [wave for block in longest for wave in run.feed(block.ecg_uv)] + run.flush()
