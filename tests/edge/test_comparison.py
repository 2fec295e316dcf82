"""What changed between two windows, in words that can be checked."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.comparison import borne_out, changes, changes_text, direction, read_changes, verdict_text
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


def test_the_verdict_gives_the_figures_that_it_rests_on():
    before, after = evidence(1.0), evidence(0.5, ventricular=2, fibrillates=True, qrs_ms=120.0)
    assert verdict_text(before, after) == (
        "rate higher (60 to 120/min);"
        " rhythm changed (no fibrillation or run found to atrial fibrillation);"
        " ectopy more (0 to 12 ectopic beats a minute); intervals longer (90 to 120 ms QRS)"
    )
    unmeasured = replace(before, qrs_ms=None)
    assert verdict_text(unmeasured, before).endswith(
        "(0 to 0 ectopic beats a minute); not comparable: intervals"
    )


def test_nothing_is_compared_with_what_cannot_be_read():
    unreadable = replace(evidence(1.0), readable_s=4.0)
    assert set(changes(evidence(1.0), unreadable).values()) == {"unknown"}
    assert verdict_text(unreadable, evidence(1.0)) == "not comparable: rate, rhythm, ectopy, intervals"


def test_another_rhythm_is_a_change_and_another_kind_of_ectopy_is_none():
    tachycardia = EvidenceSpan(Waveform.VENTRICULAR_TACHYCARDIA, 1.0, 4.0)
    bigeminy = EvidenceSpan(Waveform.VENTRICULAR_BIGEMINY, 1.0, 4.0)
    assert changes(evidence(1.0), replace(evidence(1.0), spans=(tachycardia,)))["rhythm"] == "changed"
    assert changes(evidence(1.0), replace(evidence(1.0), spans=(bigeminy,)))["rhythm"] == "same"


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
