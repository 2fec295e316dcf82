"""The longest stretch without a gap, and times that are brought back."""

from dataclasses import replace

import numpy as np
import pytest

from edge.evidence import Evidence, EvidenceBeat, EvidenceSpan
from edge.gapless import evidence_in, longest_stretch, shifted_text
from edge.grounding import check
from edge.labels import BeatClass, Waveform
from edge.recorded_window import RecordedWindow
from edge.stream import NS_PER_S, PlacedBlock

FS_HZ = 100


def window(*stretches_s: tuple[float, float]) -> RecordedWindow:
    """Blocks of one second; the value of a sample is its index."""
    blocks = [
        PlacedBlock(first, first * NS_PER_S // FS_HZ, np.arange(first, first + FS_HZ)[:, None])
        for begin_s, end_s in stretches_s
        for first in range(round(begin_s * FS_HZ), round(end_s * FS_HZ), FS_HZ)
    ]
    stop_ns = blocks[-1].stop_index * NS_PER_S // FS_HZ
    return RecordedWindow(blocks[0].start_ns, stop_ns, FS_HZ, ("I",), tuple(blocks))


def test_the_longest_stretch_is_found_with_its_place_in_the_window():
    stretch = longest_stretch(window((100, 104), (106, 121), (122, 130)))
    assert (stretch.start_s, stretch.seconds) == (6, 15)
    assert stretch.ecg.ecg_uv[[0, -1], 0].tolist() == [10600, 12099]
    whole = longest_stretch(window((100, 120)))
    assert (whole.start_s, whole.seconds) == (0, 20)


EVIDENCE = Evidence(
    30.0,
    ("I",),
    tuple(EvidenceBeat(float(i), BeatClass.VENTRICULAR if i == 12 else BeatClass.NORMAL) for i in range(30)),
    (
        EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 0.0, 10.0),
        EvidenceSpan(Waveform.VENTRICULAR_BEAT, 2.0, 4.0),
        EvidenceSpan(Waveform.VENTRICULAR_BEAT, 11.0, 13.0),
        EvidenceSpan(Waveform.UNREADABLE, 18.0, 25.0),
    ),
    23.0,
    qrs_ms=90,
)


def test_evidence_is_cut_to_the_stretch_and_counts_from_its_beginning():
    cut = evidence_in(longest_stretch(window((100, 104), (106, 121), (122, 130))), EVIDENCE)
    assert cut.duration_s == 15
    assert [beat.at_s for beat in cut.beats] == list(range(15))
    assert [beat.at_s for beat in cut.beats if beat.beat_class is BeatClass.VENTRICULAR] == [6]
    assert cut.spans == (
        EvidenceSpan(Waveform.ATRIAL_FIBRILLATION, 0.0, 4.0),
        EvidenceSpan(Waveform.VENTRICULAR_BEAT, 5.0, 7.0),
        EvidenceSpan(Waveform.UNREADABLE, 12.0, 15.0),
    )
    assert (cut.readable_s, cut.qrs_ms) == (12, 90)


@pytest.mark.parametrize(
    ("text", "later"),
    [
        ("Ventricular ectopic beat at 5.0-7.0 s.", "Ventricular ectopic beat at 11.0-13.0 s."),
        ("It is at 1.9-3.1 s and 6.8-8.1 s.", "It is at 7.9-9.1 s and 12.8-14.1 s."),
        ("A pause from 2.0 to 4.5 seconds.", "A pause from 8.0 to 10.5 seconds."),
        ("The heart rate is 72 bpm, QRS 90 ms.", "The heart rate is 72 bpm, QRS 90 ms."),
    ],
)
def test_times_in_seconds_alone_are_moved(text, later):
    assert shifted_text(text, 6.0) == later
    assert shifted_text(text, 0.0) == text


def test_what_is_moved_holds_in_the_window_and_what_is_not_does_not():
    words = "Ventricular ectopic beat at 5.0-7.0 s."
    calm = replace(EVIDENCE, spans=EVIDENCE.spans[2:3])
    assert check(shifted_text(words, 6.0), calm).kept
    assert not check(words, calm).kept
