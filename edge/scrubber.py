"""Reads again what is recorded, and tells what has been damaged since: nobody else does.

At a start the newest segments, then once a day all of them, one at a time in a thread beside the sample path,
with a pause after each that is nine times as long as reading it took.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.atomic_file import write_atomically
from edge.interval_journal import damaged_spans, interval_files
from edge.messages import MessageWriter
from edge.outbox import Missing, Outbox
from edge.recording_folder import RecordingFolder, recordings
from edge.sample_spans import Span, n_samples, without
from edge.segment_check import all_segments, finish_headers, missing_spans, n_bytes, spans_of_others
from edge.segment_files import INTERVALS, journal_of

_LOG = logging.getLogger(__name__)
_EVERY_S: Final = 24 * 3600.0
_RECENT_BYTES: Final = 32_000_000
_PAUSE: Final = 9.0
_KEPT_EVERY: Final = 64  # segments; a card does not last for ever
PLACE: Final = "scrubbed"


@dataclass(frozen=True, slots=True)
class _Segment:
    """One that is finished; samples from `until` on may still come, or have come, again."""

    recording: RecordingFolder
    stem: Path
    previous: Path | None
    until: int | None

    @property
    def place(self) -> str:
        """Recordings and their segments are in this order."""
        return f"{self.stem.parent.name}/{self.stem.name}"


class Scrubber:
    """Damage is told once: which samples were told is kept in the outbox, with the notice."""

    def __init__(
        self, root: Path, outbox: Outbox, writer_of: Callable[[RecordingFolder], MessageWriter]
    ) -> None:
        self._root, self._outbox, self._writer_of = root, outbox, writer_of

    async def run(self) -> None:
        """For ever: what is new, then all; each day again."""
        await _in_any_case(self.look_at_newest(_PAUSE))
        while True:
            began_s = time.monotonic()
            await _in_any_case(self._look_at_all())
            await asyncio.sleep(max(0.0, _EVERY_S - (time.monotonic() - began_s)))

    async def look_at_newest(self, pause: float = 0.0) -> None:
        """The newest segments, about a day of ECG."""
        left = _RECENT_BYTES
        for segment in reversed(await asyncio.to_thread(self._finished)):
            left -= n_bytes(segment.stem)
            await self._look_at(segment, pause)
            if left < 0:
                return

    async def _look_at_all(self) -> None:
        """From where an earlier run was ended on; the place is kept beside the recordings."""
        kept = self._root.parent / PLACE
        place = kept.read_bytes().decode(errors="replace") if kept.exists() else ""
        left = [one for one in await asyncio.to_thread(self._finished) if one.place > place]
        for n, segment in enumerate(left, 1):
            await self._look_at(segment, _PAUSE)
            if n % _KEPT_EVERY == 0:
                _keep(kept, segment.place)
        _keep(kept, "")

    async def _look_at(self, segment: _Segment, pause: float) -> None:
        began_s = time.monotonic()
        try:
            missing = await asyncio.to_thread(_missing, segment)
        except FileNotFoundError:
            return  # the quota has just removed it
        except Exception:  # noqa: BLE001 whatever is wrong with an old file, the edge goes on
            _LOG.exception("%s cannot be checked", segment.stem)
            return
        self._tell(segment, missing)
        await asyncio.sleep(pause * (time.monotonic() - began_s))

    def _tell(self, segment: _Segment, missing: list[Span]) -> None:
        recording = segment.recording
        new = without(missing, self._outbox.told_missing(recording.recording_id))
        n = n_samples(new)
        if not n:
            return
        what = f"{n} samples ({n / recording.fs_hz:.1f} s)" if recording.leads else f"{n} bytes of intervals"
        text = f"{what} of {segment.place} are damaged on disk"
        notice = self._writer_of(recording).notice("recording_damaged", text, time.time_ns())
        self._outbox.commit([notice], missing=[Missing(recording.recording_id, span) for span in new])
        _LOG.error("%s", text)

    def _finished(self) -> list[_Segment]:
        """All that nothing is written to any more, oldest first."""
        for recording in recordings(self._root):
            if not recording.goes_on:
                _finish_headers(recording)
        found = [one for recording in recordings(self._root) for one in _segments_of(recording)]
        return sorted(found, key=lambda one: one.place)


async def _in_any_case(look: Coroutine[None, None, None]) -> None:
    try:
        await look
    except Exception:  # noqa: BLE001 whatever is wrong with the disk, the edge goes on
        _LOG.exception("recordings cannot be checked today")


def _segments_of(recording: RecordingFolder) -> Iterator[_Segment]:
    """Of a recording that goes on, all but the newest: what is damaged behind that may be sent again."""
    files = [path.with_suffix("") for path in interval_files(recording.folder)]
    stems, until = all_segments(recording.folder) if recording.leads else files, None
    if recording.goes_on and stems:
        newest = journal_of(stems.pop())
        until = newest[0].first_index if newest and recording.leads else None
    for previous, stem in zip([None, *stems], stems, strict=False):
        yield _Segment(recording, stem, previous, until)


def _missing(segment: _Segment) -> list[Span]:
    n_leads = len(segment.recording.leads)
    if not n_leads:
        return damaged_spans(segment.stem.with_suffix(INTERVALS))
    before = journal_of(segment.previous) if segment.previous else []
    missing = missing_spans(segment.stem, n_leads, before[-1].stop_index if before else 0)
    if segment.until is not None:
        missing = [(first, min(stop, segment.until)) for first, stop in missing]
    return without(missing, spans_of_others(segment.stem, n_leads, missing)) if missing else []


def _finish_headers(recording: RecordingFolder) -> None:
    """What a full disk has prevented when the recording ended."""
    try:
        finish_headers(recording.folder)
    except OSError as error:
        _LOG.warning("%s: %s", recording.folder, error)


def _keep(path: Path, place: str) -> None:
    try:
        write_atomically(path, place.encode())
    except OSError as error:
        _LOG.warning("%s: %s", path, error)
