"""Probabilities by tenths of a second to an answer, and the real pointer on the language model's states."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from edge.bundle import DEFAULT_BUNDLE
from edge.encoder import Encoder
from edge.labels import Waveform
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, PointerFile, load_language_bundle
from edge.language_model import default_path
from edge.llama_session import LlamaSession
from edge.localizer_answer import NOTHING
from edge.localizer_reading import read_findings
from edge.pointer import LONGEST_TAUGHT_S, Pointer, in_order, pieces, pointed, said
from edge.signal_reader import SignalReader
from edge.soft_tokens import block_plan, block_rows

FILE = PointerFile(
    name="pointer.onnx",
    sha256="0",
    presence={Waveform.VENTRICULAR_BEAT: 0.8, Waveform.ATRIAL_FIBRILLATION: 0.5},
    place={Waveform.VENTRICULAR_BEAT: 0.3, Waveform.ATRIAL_FIBRILLATION: 0.4},
)
needs_model = pytest.mark.skipif(
    not default_path().is_file(), reason="no language model: hearth models install"
)


def probabilities(**inside: slice) -> np.ndarray:
    """0.9 in these tenths of ten seconds, 0.35 in the half second before, 0.1 elsewhere."""
    rows = np.full((2, 100), 0.1, np.float32)
    for row, waveform in zip(rows, FILE.presence, strict=True):
        if waveform in inside:
            row[inside[waveform].start - 5 : inside[waveform].start] = 0.35
            row[inside[waveform]] = 0.9
    return rows


def test_what_is_pointed_at_is_an_answer_with_borders_at_beats() -> None:
    answer = said(FILE, probabilities(V=slice(20, 32)), beats_s=[0.6, 1.44, 2.2, 3.3, 4.1])
    assert answer.text == "V 1.4-3.3"
    (finding,) = read_findings(answer, 10.0) or ()
    assert finding.finding is Waveform.VENTRICULAR_BEAT
    assert finding.seen_by == ("language_model",)
    inside = [0.1] + [0.35] * 5 + [0.9] * 12 + [0.1]
    assert finding.confidence == pytest.approx((0.9 + np.mean(inside)) / 2, abs=1e-4)


def test_below_presence_nothing_is_there_however_long() -> None:
    rows = np.full((2, 100), 0.45, np.float32)
    answer = said(FILE, rows, [])
    assert answer.text == NOTHING
    assert answer.probabilities == pytest.approx([0.55] * len(NOTHING))


@given(st.integers(1, 300))
def test_pieces_cover_every_second_once_and_none_is_longer_than_taught(seconds: int) -> None:
    found = pieces(seconds)
    assert [piece.start_s for piece in found] == [0, *(piece.stop_s for piece in found[:-1])]
    assert found[-1].stop_s == seconds
    for piece in found:
        assert piece.first_s <= piece.start_s < piece.stop_s <= piece.last_s
        assert 0 <= piece.first_s < piece.last_s <= min(seconds, piece.first_s + LONGEST_TAUGHT_S)
        shown = np.arange(10 * piece.first_s, 10 * piece.last_s)
        own = np.arange(10 * piece.start_s, 10 * piece.stop_s)
        assert shown[piece.own_tenths].tolist() == own.tolist()
    assert (len(found) == 1) == (seconds <= LONGEST_TAUGHT_S)


def test_codes_come_in_the_order_of_the_network() -> None:
    answer = said(FILE, probabilities(V=slice(50, 60), AFIB=slice(5, 100)), [])
    assert answer.text == "V 4.5-6.0; AFIB 0.5-10.0"


@given(
    arrays.arrays(np.float32, (2, 100), elements=st.floats(0, 1, width=32)),
    st.lists(st.floats(0, 10, allow_nan=False), max_size=20),
)
def test_any_probabilities_give_an_answer_that_can_be_read(rows, beats_s) -> None:
    answer = said(FILE, rows, sorted(beats_s))
    assert len(answer.text) == len(answer.probabilities)
    assert all(0 <= p <= 1 for p in answer.probabilities)
    found = read_findings(answer, 10.0)
    assert found is not None
    assert all(0 <= one.start_s < one.end_s <= 10.0 for one in found)


@given(st.integers(1, 3), st.integers(1, 12), st.lists(st.floats(0, 12), max_size=15))
def test_states_come_back_lead_by_lead(n_leads, seconds, beats_s) -> None:
    tokens = np.arange(n_leads * seconds * 2 * 4, dtype=np.float32).reshape(n_leads, seconds * 2, 4)
    rows = block_rows(tokens, np.full((11, 4), -1, np.float32), beats_s)
    assert np.array_equal(in_order(rows, block_plan(seconds, n_leads, beats_s), n_leads), tokens)


def test_a_presence_above_all_tenths_points_nowhere() -> None:
    assert pointed(np.full(50, 0.4, np.float32), presence=0.5, place=0.1, beats_s=[1.0]) == []


@needs_model
def test_states_do_not_depend_on_how_the_rows_are_cut_and_the_session_goes_on() -> None:
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    reader = SignalReader(Encoder(DEFAULT_BUNDLE), bundle)
    ecg_mv = np.random.default_rng(0).normal(0, 0.1, (1, 128 * 20)).astype(np.float32)
    rows = reader.read_prepared(ecg_mv, ("II",)).rows
    with LlamaSession(default_path(), bundle.adapter) as session:
        whole = session.feed_states(rows)
        after = session.feed("Report.")
        session.take_back()
        parts = np.concatenate([session.feed_states(rows[:7]), session.feed_states(rows[7:])])
        assert whole.shape == (len(rows), session.width)
        assert _cosine(whole, parts) > 0.99
        assert _cosine(after, session.feed("Report.")) > 0.99


@needs_model
def test_the_bundles_pointer_answers_for_every_tenth_of_any_window() -> None:
    bundle = load_language_bundle(DEFAULT_LANGUAGE_BUNDLE)
    pointer = Pointer(bundle)
    for leads, tokens in ((1, 20), (3, 120), (2, 2)):
        states = np.random.default_rng(1).normal(0, 2, (leads, tokens, bundle.manifest.width))
        answer = pointer.answer(states.astype(np.float32), [])
        assert read_findings(answer, tokens / 2) is not None


def _cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
