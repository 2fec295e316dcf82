"""What changed between two windows, in words that can be checked."""

from hypothesis import given
from hypothesis import strategies as st

from edge.comparison import borne_out, changes, changes_text, direction, read_changes
from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.labels import BeatClass, Waveform


def evidence(rr_s, *, ventricular=0, fibrillates=False, qrs_ms=90.0):
    n = int(10 / rr_s)
    beats = tuple(
        EvidenceBeat(i * rr_s, BeatClass.VENTRICULAR if i < ventricular else BeatClass.NORMAL)
        for i in range(n)
    )
    spans = (EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 0.0, 10.0),) if fibrillates else ()
    return Evidence(10.0, ("II",), beats, spans, 10.0, qrs_ms=qrs_ms)


def test_each_kind_of_change():
    found = changes(evidence(1.0), evidence(0.7, ventricular=3, fibrillates=True, qrs_ms=120.0))
    assert found == {"rate": "higher", "rhythm": "changed", "ectopy": "more", "intervals": "longer"}
    assert set(changes(evidence(1.0), evidence(0.98)).values()) == {"same"}


def test_what_was_not_measured_is_unknown_and_never_borne_out():
    found = changes(evidence(1.0, qrs_ms=None), evidence(1.0))
    assert found["intervals"] == "unknown"
    assert borne_out({"intervals": "unknown", "rate": "lower"}, found) == ({}, 2)


@given(st.dictionaries(st.sampled_from(["rate", "rhythm", "ectopy"]), st.sampled_from(["same", "higher"])))
def test_text_and_back(found):
    assert read_changes(changes_text(found)) == found


@given(st.text(max_size=60))
def test_any_text_is_read(text):
    assert isinstance(read_changes(text), dict)


@given(st.floats(1, 200), st.floats(1, 200))
def test_direction_turns_with_its_sides(a, b):
    turned = {"up": "down", "down": "up", "same": "same"}
    assert direction(b, a, 0.1, ("up", "down")) == turned[direction(a, b, 0.1, ("up", "down"))]
