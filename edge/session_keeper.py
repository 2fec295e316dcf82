"""Which recording goes on and which one begins: at a start, after a crash, and when the source is known."""

import logging
import time
from contextlib import suppress
from typing import Final

from edge.assembly import AnySession, make_session, recordings_folder
from edge.config import EdgeConfig, utc_ns
from edge.encoder import Encoder
from edge.events import NoticeCode
from edge.localizer_desk import LocalizerDesk
from edge.outbox import Outbox
from edge.recording_folder import RecordingFolder, new_recording, open_recordings
from edge.sample_clock import SampleClock
from edge.segment_check import finish_headers
from firmware_bridge.device import Device

_LOG = logging.getLogger(__name__)
_RESTARTABLE: Final = ("replay:", "capture:")
"""Sources that begin at their first sample again."""
_LONGEST_RESUMED_OUTAGE_S: Final = 900.0


class SessionKeeper:
    """`session` is the recording that is being made; `None` before there was one."""

    def __init__(self, config: EdgeConfig, encoder: Encoder, outbox: Outbox, desk: LocalizerDesk) -> None:
        self._config, self._encoder, self._outbox, self._desk = config, encoder, outbox, desk
        self.session: AnySession | None = None
        self._goes_on = False
        self._ended: list[RecordingFolder] = []

    async def recover(self, *, ended_only: bool = False) -> None:
        """Recordings that a crash left open are analysed to their end; the newest may go on.

        One that had ended is looked at again too: of its last events some may have been lost with the disk.
        """
        for recording in open_recordings(recordings_folder(self._config)):
            if recording.is_ended:
                await self._look_again(self._new(recording))
            elif not ended_only:
                await self.end()
                self.session, self._goes_on = self._new(recording), True
                await self.session.recover()

    async def _look_again(self, session: AnySession) -> None:
        if not session.is_whole():
            await session.recover()
            await self._finish(session)
        self._ended.append(session.recording)

    async def end(self) -> None:
        """The recording that is being made is over."""
        if self.session is not None and self._goes_on:
            self._goes_on = False
            await self._finish(self.session)
            self._ended.append(self.session.recording)

    async def _finish(self, session: AnySession) -> None:
        """It is marked as open until `settle`, should its last events be lost on disk."""
        await session.finish()
        name = session.recording.folder.name
        if self._outbox.has_unsaved:
            _LOG.error("%s goes on: its last events are not on disk", name)
            return
        try:
            session.recording.end()
        except OSError as error:
            _LOG.error("%s goes on: %s", name, error)

    def settle(self) -> None:
        """To be called where the hub has everything: what is over needs no second look.

        That may be so although the disk has not taken the last of it.
        """
        for recording in self._ended:
            with suppress(OSError):  # on a disk that is full still; it is tried again when it is read again
                finish_headers(recording.folder)
            recording.finish()
            self._outbox.finish_recording(recording.recording_id)
        self._ended.clear()

    async def begin(self, device: Device) -> tuple[SampleClock, NoticeCode]:
        """The source is open: go on with the newest recording where it can be, else begin one."""
        uri = self._config.device.uri
        clock = SampleClock(device, utc_ns(self._config.device.start_at))
        if self.session is not None and self._goes_on and self._can_go_on(self.session, device):
            restarts = uri.startswith(_RESTARTABLE)
            self.session.skip_recorded() if restarts else self.session.continue_clock(clock)
            return clock, "edge_restarted"
        await self.end()
        self.session = self._new(new_recording(recordings_folder(self._config), uri, device))
        self._goes_on = True
        return clock, "recording_started"

    def _can_go_on(self, session: AnySession, device: Device) -> bool:
        if not session.recording.is_from(self._config.device.uri, device):
            return False
        newest_ns = session.newest_ns()
        if self._config.device.uri.startswith(_RESTARTABLE) or newest_ns is None:
            return True
        return time.time() - newest_ns / 1e9 < _LONGEST_RESUMED_OUTAGE_S

    def _new(self, recording: RecordingFolder) -> AnySession:
        look_every_s = 60 * self._config.model.look_every_minutes if self._desk.status == "ready" else 0.0
        return make_session(
            self._config, recording, self._encoder, self._outbox, self._desk.submit, look_every_s
        )
