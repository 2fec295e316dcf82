"""The edge as a running service: the one place that puts its parts together."""

import asyncio
import logging
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from edge.bundle import DEFAULT_BUNDLE
from edge.config import EdgeConfig, utc_ns
from edge.encoder import Encoder
from edge.events import EpisodeEvent, LiveState, Localization, NoticeCode
from edge.language_model import find_language_model
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.localizer_process import LocalizerProcess
from edge.messages import MessageWriter, utc
from edge.outbox import Outbox
from edge.pipeline import NO_VITALS, PipelineSettings
from edge.publisher import Publisher
from edge.recorder import RecorderSettings
from edge.recording_folder import RecordingFolder, new_recording, open_recordings
from edge.rules import RuleSettings
from edge.sample_clock import SampleClock
from edge.second_tracker import DurationSettings
from edge.session import Session
from edge.stream import PlacedBlock
from firmware_bridge.device import Device
from firmware_bridge.packets import Battery, Damage, HeartRate, LinkLost, LinkRestored, Received, SampleBlock
from firmware_bridge.transport import Transport
from firmware_bridge.transports import open_transport

_LOG = logging.getLogger(__name__)
_RESTARTABLE = ("replay:", "capture:")
_LONGEST_RESUMED_OUTAGE_S = 900.0
_FAREWELL_S = 5.0
_TELL_EVERY_S = 30.0


class EdgeService:
    """Runs until its source ends or it is cancelled; then everything in the outbox is delivered."""

    def __init__(self, config: EdgeConfig) -> None:
        self._config = config
        self._encoder = Encoder(config.model.bundle or DEFAULT_BUNDLE)
        self._outbox = Outbox(config.storage.folder / "outbox.sqlite", config.storage.max_outbox_rows)
        self._desk = LocalizerDesk(self._language_model(), self._answered, self._desk_settings())
        self._publisher = Publisher(self._outbox, config.device.device_id, config.mqtt)
        self._session: Session | None = None
        self._link: Literal["connected", "lost", "ended"] = "lost"
        self._contact: bool | None = None
        self._battery: int | None = None

    async def run(self) -> None:
        """Connect, take up what a crash left, then analyse the source to its end."""
        await self._publisher.start()
        tasks = [
            asyncio.create_task(job()) for job in (self._publisher.run, self._desk.run, self._tell_state)
        ]
        try:
            self._ask_again()
            await self._listen()
            await self._drain()
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._drain(), _FAREWELL_S)
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._desk.close()
            await self._publisher.stop()
            self._outbox.close()

    async def deliver(self) -> None:
        """Only send what waits in the outbox."""
        await self._publisher.start()
        task = asyncio.create_task(self._publisher.run())
        await self._drain()
        task.cancel()
        await self._publisher.stop()

    async def _listen(self) -> None:
        async with open_transport(self._config.device.uri) as transport:
            clock = self._begin(transport)
            self._link = "connected"
            try:
                async for received in transport.packets():
                    self._take(received, clock)
                    await asyncio.sleep(0)
            finally:
                self._link = "ended"
                self._finish()

    def _begin(self, transport: Transport) -> SampleClock:
        device = transport.device
        resumed = self._resume(device)
        session = resumed[0] if resumed else self._new_session(self._new_folder(device))
        clock = SampleClock(device, utc_ns(self._config.device.start_at))
        if resumed and self._config.device.uri.startswith(_RESTARTABLE):
            session.skip_recorded()
        elif resumed:
            session.continue_clock(clock, resumed[1])
        self._session = session
        started: NoticeCode = "edge_restarted" if resumed else "recording_started"
        self._tell_absent_model(session)
        text = f"{device.name}, {device.fs_hz:g} Hz, {', '.join(device.leads)}"
        session.tell([self._writer(session.recording).notice(started, text, time.time_ns())])
        return clock

    def _tell_absent_model(self, session: Session) -> None:
        if self._desk.status == "absent" and self._config.model.language_model != "none":
            text = "no language model is installed (hearth models install); episodes go without its answer"
            notice = self._writer(session.recording).notice("localizer_unavailable", text, time.time_ns())
            session.tell([notice])

    def _resume(self, device: Device) -> tuple[Session, PlacedBlock | None] | None:
        """Recordings that a crash left open are brought to their end; the newest may go on."""
        resumed = None
        for recording in open_recordings(self._recordings):
            if resumed is not None:
                resumed[0].finish()
            session = self._new_session(recording)
            resumed = (session, session.recover())
        if resumed is None or self._can_go_on(resumed[0].recording, resumed[1], device):
            return resumed
        resumed[0].finish()
        return None

    def _can_go_on(self, recording: RecordingFolder, last: PlacedBlock | None, device: Device) -> bool:
        if not recording.is_from(self._config.device.uri, device):
            return False
        if self._config.device.uri.startswith(_RESTARTABLE) or last is None:
            return True
        return time.time() - last.start_ns / 1e9 < _LONGEST_RESUMED_OUTAGE_S

    def _take(self, received: Received, clock: SampleClock) -> None:
        assert self._session is not None
        match received.packet:
            case SampleBlock() as block:
                self._session.take(block, clock, received.host_time_ns)
            case HeartRate(contact=contact):
                self._contact = contact
            case Battery(percent=percent):
                self._battery = percent
            case Damage(n_bytes=n_bytes, reason=reason):
                self._session.tally.add_damage(n_bytes, reason)
            case LinkLost(reason=reason):
                clock.link_lost()
                self._note_link("link_lost", reason, received.host_time_ns)
            case LinkRestored(outage_s=outage_s):
                self._note_link("link_restored", f"after {outage_s:.1f} s", received.host_time_ns)

    def _note_link(self, code: Literal["link_lost", "link_restored"], text: str, at_ns: int) -> None:
        assert self._session is not None
        self._link = "lost" if code == "link_lost" else "connected"
        writer = self._writer(self._session.recording)
        self._session.tell([writer.notice(code, text, at_ns)])

    def _finish(self) -> None:
        if self._session is None:
            return
        writer = self._writer(self._session.recording)
        self._session.tell([writer.notice("recording_ended", self._config.device.uri, time.time_ns())])
        self._session.finish()

    async def _drain(self) -> None:
        """Wait until the hub has everything; what is not delivered stays on disk."""
        told = 0.0
        while self._outbox.backlog() or self._outbox.open_questions():
            if time.monotonic() - told > _TELL_EVERY_S:
                _LOG.info("%d events wait for the hub", self._outbox.backlog())
                told = time.monotonic()
            await asyncio.sleep(0.1)

    async def _tell_state(self) -> None:
        while True:
            self._publisher.publish_state(self._state())
            await asyncio.sleep(1.0)

    def _state(self) -> LiveState:
        vitals = self._session.vitals if self._session else NO_VITALS
        return LiveState(
            device_id=self._config.device.device_id,
            patient_id=self._config.device.patient_id,
            at=utc(time.time_ns()),
            link=self._link,
            contact=self._contact,
            battery_percent=self._battery,
            heart_rate_bpm=vitals.heart_rate_bpm and round(vitals.heart_rate_bpm, 1),
            rhythm=vitals.rhythm,
            analysable=vitals.analysable,
            open_findings=vitals.open_findings,
            outbox_backlog=self._outbox.backlog(),
            localizer=self._desk.status,
        )

    def _ask_again(self) -> None:
        for payload in self._outbox.open_questions():
            self._desk.submit(EpisodeEvent.model_validate_json(payload))

    def _answered(self, episode: EpisodeEvent, localization: Localization) -> None:
        """The language model's word, or why there is none, becomes an update of the episode."""
        self._outbox.close_question(episode.episode_id, MessageWriter.localized(episode, localization))
        if localization.status == "dropped" and self._session is not None:
            self._session.tally.add_dropped_question()

    def _new_folder(self, device: Device) -> RecordingFolder:
        return new_recording(self._recordings, self._config.device.uri, device)

    def _new_session(self, recording: RecordingFolder) -> Session:
        rules, storage = self._config.rules, self._config.storage
        settings = PipelineSettings(
            RuleSettings(rules.pause_ms, rules.bradycardia_bpm, rules.tachycardia_bpm),
            DurationSettings(rules.af_s, rules.unanalysable_s),
        )
        limits = RecorderSettings(storage.segment_minutes * 60, int(storage.max_gigabytes * 1e9))
        writer = self._writer(recording)
        return Session(recording, self._encoder, settings, limits, self._outbox, writer, self._desk.submit)

    def _writer(self, recording: RecordingFolder) -> MessageWriter:
        device, priorities = self._config.device, self._config.rules.priority
        return MessageWriter(
            device.device_id,
            device.patient_id,
            recording.recording_id,
            recording.fs_hz,
            recording.leads,
            priorities,
        )

    def _language_model(self) -> LocalizerProcess | None:
        path = find_language_model(self._config.model.language_model)
        return None if path is None else LocalizerProcess(path, self._config.model.language_model_threads)

    def _desk_settings(self) -> DeskSettings:
        return DeskSettings(self._config.model.deadline_s, self._config.model.waiting_questions)

    @property
    def _recordings(self) -> Path:
        return self._config.storage.folder / "recordings"
