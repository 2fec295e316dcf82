"""Counts what goes wrong on the way in, and turns the counts into notices, at most one of a kind a minute."""

import time
from collections import Counter
from pathlib import Path

from edge.events import NoticeCode, NoticeEvent
from edge.health import TroubleCode
from edge.messages import MessageWriter
from edge.qrs_size import complaint
from edge.recorder import RecorderReport
from edge.sample_clock import Placement
from edge.stream import NS_PER_S

_EVERY_NS = 60 * NS_PER_S
_LASTS_S: dict[TroubleCode, float] = {
    "not_recording": 30.0,
    "outbox_full": 600.0,
    "analysis_left_out": 600.0,
    "analysis_restarted": 600.0,
}
"""How long something that went wrong is a trouble, unless it is known to be over."""


class Tally:
    """Lost samples, damaged frames, saturated samples, and limits that were reached."""

    def __init__(self, writer: MessageWriter, fs_hz: float) -> None:
        self._writer, self._fs_hz = writer, fs_hz
        self._counts: Counter[NoticeCode] = Counter()
        self._texts: dict[NoticeCode, str] = {}
        self._told_ns = 0
        self._unrecorded = 0
        self._is_urgent = False
        self._lasting: dict[TroubleCode, tuple[float, str]] = {}
        self.implausible_qrs_mv: float | None = None

    def troubles(self) -> dict[TroubleCode, str]:
        """What went wrong just now, and may go on."""
        now_s, high_mv = time.monotonic(), self.implausible_qrs_mv
        found = {code: text for code, (at_s, text) in self._lasting.items() if now_s - at_s < _LASTS_S[code]}
        return found if high_mv is None else found | {"signal_too_large": complaint(high_mv)}

    def add_placement(self, placement: Placement) -> None:
        """A block came; something may be missing before it."""
        if placement.lost_samples:
            self._counts["samples_lost"] += placement.lost_samples
        if placement.clock_complaint:
            self._note("clock_step", placement.clock_complaint)

    def add_damage(self, n_bytes: int, reason: str) -> None:
        """Bytes that were no frame."""
        self._counts["frames_damaged"] += 1
        self._texts["frames_damaged"] = f"last: {n_bytes} bytes, {reason}"

    def add_recorder(self, report: RecorderReport) -> None:
        """A block is on disk. Limits of the recorder; what it is about to remove is told at once."""
        self._lasting.pop("not_recording", None)
        for warning in report.warnings:
            self._note("disk_low", warning)
        if report.removing:
            n, first, last = len(report.removing), report.removing[0], report.removing[-1]
            text = f"the oldest {n} raw segments are removed (storage.max_gigabytes): {first} to {last}"
            self._note("disk_limit", text)
        self._is_urgent = self._is_urgent or report != RecorderReport()

    def add_saturated(self, n_samples: int) -> None:
        """Samples beyond what the recorder holds."""
        if n_samples:
            self._counts["samples_saturated"] += n_samples

    def add_write_error(self, error: OSError, n_samples: int = 0) -> None:
        """The disk does not take the samples; they are analysed all the same."""
        self._unrecorded += n_samples
        self._note("disk_limit", f"raw samples cannot be written: {error.strerror}")
        self._last("not_recording", f"raw ECG cannot be written, it is only analysed: {error.strerror}")

    def add_hole(self, n_samples: int) -> None:
        """Samples that should be on disk, and are damaged or missing."""
        if n_samples > 0:
            self._counts["recording_damaged"] += n_samples

    def add_evicted(self, n_rows: int) -> None:
        """Events that the full outbox had to give up."""
        if n_rows:
            self._counts["outbox_limit"] += n_rows
            self._last("outbox_full", "the outbox is full: the oldest events are given up")

    def add_damaged_outbox(self, set_aside: Path | None) -> None:
        """The outbox could not be read; what waited in it follows again from the samples on disk."""
        if set_aside is not None:
            text = f"the outbox was damaged and begun anew; the old one is {set_aside.name}"
            self._note("outbox_damaged", text)

    def add_leads(self, leads: tuple[str, ...], most: int) -> None:
        """All leads are recorded; what is beyond the encoder's `most` is not analysed."""
        if len(leads) > most:
            text = f"{', '.join(leads[most:])}: recorded, but not analysed; the encoder takes {most} leads"
            self._note("leads_limit", text)

    def add_dropped_question(self) -> None:
        """The language model's desk was full."""
        self._counts["localizer_dropped"] += 1

    def add_failed_analysis(self, reason: str, n_left_out: int) -> None:
        """The analysis failed or stalled and was begun again; `n_left_out` samples could not be analysed."""
        left_out = f"; {n_left_out / self._fs_hz:.1f} s could not be analysed" if n_left_out else ""
        self._note("analysis_restarted", f"{reason}{left_out}")
        self._last("analysis_left_out" if n_left_out else "analysis_restarted", f"{reason}{left_out}")

    def due(self, now_ns: int) -> list[NoticeEvent]:
        """Notices, once a minute; at once where something is removed or runs short."""
        is_due = self._is_urgent or abs(now_ns - self._told_ns) >= _EVERY_NS
        return self.flush(now_ns) if is_due else []

    def flush(self, now_ns: int) -> list[NoticeEvent]:
        """All that is counted, as notices."""
        self._told_ns = now_ns
        notices = [self._writer.notice(code, self._text(code), now_ns) for code in self._counts]
        self._counts.clear()
        self._texts.clear()
        self._unrecorded, self._is_urgent = 0, False
        return notices

    def _last(self, code: TroubleCode, text: str) -> None:
        self._lasting[code] = time.monotonic(), text

    def _note(self, code: NoticeCode, text: str) -> None:
        self._counts[code] += 1
        said = self._texts.get(code, "")
        self._texts[code] = said if text in said else "; ".join(filter(None, (said, text)))

    def _text(self, code: NoticeCode) -> str:
        n, more = self._counts[code], self._texts.get(code, "")
        if code == "disk_limit" and self._unrecorded:
            seconds = self._unrecorded / self._fs_hz
            return f"{more}; {self._unrecorded} samples ({seconds:.1f} s) are not on disk"
        texts: dict[NoticeCode, str] = {
            "samples_lost": f"{n} samples ({n / self._fs_hz:.1f} s) did not arrive",
            "frames_damaged": f"{n} damaged frames were skipped; {more}",
            "samples_saturated": f"{n} samples were beyond the recorder's range and were clipped",
            "outbox_limit": f"the outbox is full: {n} of the oldest events were given up",
            "recording_damaged": f"{n} samples ({n / self._fs_hz:.1f} s) are damaged or missing on disk",
            "localizer_dropped": f"the language model was busy: {n} questions went without its answer",
        }
        return texts.get(code, more)
