"""A household's history out of recordings: what the edge would have sent of each, one after the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from benchmarks.workplace import Workplace
from edge.analysis import analyse
from edge.events import Event, decode_event, encode
from edge.messages import MessageWriter
from firmware_bridge.recordings import open_recording
from hub.records import Episode, Minute
from hub.store import Store

PERSON = "household"
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)  # where a recording without a date begins
_APART = timedelta(hours=12)
_EVER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """A recording's place in the history."""

    path: Path
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class History:
    """What the hub holds, and which recording each time belongs to."""

    parts: tuple[Part, ...]
    episodes: list[Episode]
    minutes: list[Minute]

    def place(self, at: datetime) -> tuple[Path, float]:
        """The recording of a time, and the seconds since it began."""
        part = max((part for part in self.parts if part.starts_at <= at), key=lambda part: part.starts_at)
        return part.path, (at - part.starts_at).total_seconds()


def history(place: Workplace, recordings: Sequence[Path]) -> History:
    """First signal of each through the pipeline, its events into a store, all of it read back."""
    parts = tuple(Part(path, _FIRST + i * _APART) for i, path in enumerate(recordings))
    kept = place.work / "hearth" / "find"
    kept.mkdir(parents=True, exist_ok=True)
    with Store.open("sqlite:///:memory:") as store:
        for part in parts:
            for event in _events(place, part.path, kept):
                store.add_event(_moved(event, part.starts_at - _FIRST), _EVER)
        period = (PERSON, _FIRST, _EVER)
        return History(parts, store.episodes(*period), store.minutes(*period))


def _events(place: Workplace, path: Path, kept: Path) -> list[Event]:
    """Kept as the lines that went over the wire."""
    lines = kept / f"{path.name}.jsonl"
    if not lines.exists():
        encoder, recording = place.encoder(), open_recording(path, [0])
        recording_id = uuid5(NAMESPACE_OID, path.name)
        model = encoder.manifest.onnx_sha256
        writer = MessageWriter("strap", PERSON, recording_id, recording.fs_hz, recording.leads, {}, model)
        found = analyse(recording, encoder)
        said = [writer.output(output) for output in (*found.episodes, *found.minutes)]
        lines.write_bytes(b"\n".join(encode(event) for event in said if event))
    return [decode_event(line) for line in lines.read_bytes().splitlines()]


def _moved(event: Event, by: timedelta) -> Event:
    """The same event, later."""
    times = {
        name: value + by
        for name in ("onset_at", "observed_until_at", "end_at", "start_at")
        if (value := getattr(event, name, None)) is not None
    }
    return event.model_copy(update=times)
