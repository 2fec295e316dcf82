"""What a live strip's prompt says is what an answer to a question about the same signal rests on."""

from dataclasses import replace

import numpy as np
import pytest

from edge.bundle import DEFAULT_BUNDLE
from edge.ecg_prompt import EcgPlace
from edge.evidence import Evidence, evidence_text
from edge.filters import CausalBandpass
from edge.labels import Waveform
from edge.localizer_prompt import look_at
from edge.pipeline import PipelineSettings
from edge.raw_ecg import RawEcg
from edge.recorded_window import RecordedWindow
from edge.resampler import resample
from edge.span_evidence import SpanReader
from edge.stream import NS_PER_S, PlacedBlock
from edge.window_reading import read_window

FS_HZ, SECONDS = 360, 10


@pytest.fixture(scope="module")
def reader() -> SpanReader:
    return SpanReader(DEFAULT_BUNDLE, PipelineSettings())


@pytest.fixture(params=[5, 30, 62])
def strip_uv(request, toy_uv) -> np.ndarray:
    return toy_uv[request.param * FS_HZ : (request.param + SECONDS) * FS_HZ]


def asked(reader: SpanReader, strip_uv: np.ndarray) -> Evidence:
    blocks = (
        PlacedBlock(0, 0, strip_uv[:1000]),
        PlacedBlock(1000, 1000 * NS_PER_S // FS_HZ, strip_uv[1000:]),
    )
    return reader.read(RecordedWindow(0, SECONDS * NS_PER_S, FS_HZ, ("MLII",), blocks))


def test_a_live_strip_has_the_intervals_of_a_question_about_it(reader, strip_uv) -> None:
    whole = asked(reader, strip_uv)
    spans = tuple(s for s in whole.spans if s.waveform is not Waveform.RIGHT_BUNDLE_BRANCH_BLOCK)
    of_the_stream = replace(whole, spans=spans, pr_ms=None, qrs_ms=None, qt_ms=None)
    live = reader.add_to(of_the_stream, RawEcg(strip_uv, FS_HZ, ("MLII",)))
    assert whole.qrs_ms is not None
    assert (live.pr_ms, live.qrs_ms, live.qt_ms) == (whole.pr_ms, whole.qrs_ms, whole.qt_ms)
    assert (live.beats, set(live.spans)) == (whole.beats, set(whole.spans))
    assert evidence_text(live) == evidence_text(replace(whole, spans=live.spans))
    prompt = look_at(RawEcg(strip_uv, FS_HZ, ("MLII",)), live).branches[0].text
    measured = next(line for line in prompt.split("\n") if line.startswith("Measured: "))
    assert f"QRS {whole.qrs_ms:.0f} QT {whole.qt_ms:.0f}" in measured


def test_they_are_those_that_the_model_was_taught_with(reader, encoder, strip_uv) -> None:
    """Training windows were read by `read_window`, filtered and whole."""
    fs_hz = encoder.manifest.fs_hz
    filtered = CausalBandpass(fs_hz).feed(resample(strip_uv / 1000, FS_HZ, fs_hz))
    taught = read_window(encoder, np.ascontiguousarray(filtered.T, np.float32), ("MLII",)).evidence
    live = asked(reader, strip_uv)
    for name in ("pr_ms", "qrs_ms", "qt_ms"):
        assert getattr(live, name) == pytest.approx(getattr(taught, name), abs=10), name


def test_without_a_complex_there_is_no_interval(reader) -> None:
    silence = RawEcg(np.zeros((SECONDS * FS_HZ, 1), np.int32), FS_HZ, ("MLII",))
    told = reader.add_to(Evidence(10.0, ("MLII",), (), (), 10.0), silence)
    assert (told.pr_ms, told.qrs_ms, told.qt_ms) == (None, None, None)
    *_, opening = look_at(silence, told).beginning
    assert isinstance(opening, EcgPlace)
