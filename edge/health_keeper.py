"""The troubles of an edge, put together from what each of its parts knows of itself."""

import time
from typing import Final

from edge.assembly import AnySession, recordings_folder, space_limits
from edge.config import EdgeConfig
from edge.health import Trouble
from edge.health_machine import Found, Machine
from edge.health_since import Since
from edge.localizer_desk import LocalizerDesk
from edge.messages import utc
from edge.outbox import Outbox
from edge.wearing import Wearing

_STALLED_S: Final = 15.0
"""Of one block: it takes hundredths of a second, on a slow computer a second; at 30 s it is begun again."""
_BACKLOG_S: Final = 600.0
_SAMPLE_BYTES: Final = 2.2  # with its part of the journal
_INTERVAL_BYTES_PER_S: Final = 40.0


class HealthKeeper:
    """Asked once a second; what takes time is found by `machine`, beside."""

    def __init__(self, config: EdgeConfig, outbox: Outbox, desk: LocalizerDesk, wearing: Wearing) -> None:
        self._config, self._outbox, self._desk, self._wearing = config, outbox, desk, wearing
        self.machine = Machine(recordings_folder(config), space_limits(config), self._bytes_per_s)
        self.session: AnySession | None = None
        self.bundle_complaint: str | None = None
        self._analysing_since_s: float | None = None
        self._empty_s = time.monotonic()
        self._since = Since()

    def analysis_begins(self) -> None:
        """A block is being analysed."""
        self._analysing_since_s = time.monotonic()

    def analysis_ends(self) -> None:
        """It has been."""
        self._analysing_since_s = None

    def troubles(self, link: str, n_waiting: int, now_ns: int) -> tuple[Trouble, ...]:
        """All that is wrong now; `n_waiting` events wait for the hub."""
        if not n_waiting:
            self._empty_s = time.monotonic()
        found = self._sensor(link)
        found |= self.session.tally.troubles() if self.session else {}
        found |= self._analysis() | self._events(n_waiting) | self._models() | self.machine.found
        return self._since.troubles(found, utc(now_ns))

    def _sensor(self, link: str) -> Found:
        """A low battery may be why the link is lost; whether the strap is worn is not known then."""
        found: Found = {"link_lost": "the sensor is out of reach"} if link == "lost" else {}
        worn = self._wearing.troubles()
        return found | {code: worn[code] for code in worn if code != "contact_lost" or link == "connected"}

    def _analysis(self) -> Found:
        since_s = self._analysing_since_s
        stalled_s = 0.0 if since_s is None else time.monotonic() - since_s
        if stalled_s < _STALLED_S:
            return {}
        return {"analysis_stalled": f"no answer of the analysis for {stalled_s:.0f} s; it is begun again"}

    def _events(self, n_waiting: int) -> Found:
        found: Found = {}
        if self._outbox.has_unsaved:
            found["outbox_unsaved"] = "the disk takes no events: they wait in memory alone"
        waited_s = time.monotonic() - self._empty_s
        if waited_s >= _BACKLOG_S:
            found["backlog_old"] = f"{n_waiting} events wait for the hub, some for {waited_s / 60:.0f} min"
        return found

    def _models(self) -> Found:
        found: Found = {}
        if self._config.model.language_model != "none" and self._desk.status == "absent":
            found["language_model_absent"] = "no language model answers: episodes go without its word"
        if self.bundle_complaint:
            found["model_taken_back"] = self.bundle_complaint
        return found

    def _bytes_per_s(self) -> float:
        """How fast raw ECG is written, about."""
        recording = self.session.recording if self.session else None
        if recording is None or not recording.leads:
            return _INTERVAL_BYTES_PER_S
        return _SAMPLE_BYTES * recording.fs_hz * len(recording.leads)
