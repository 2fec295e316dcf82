"""The edge as a running service: the one place that puts its parts together."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any, Literal

from edge.analyst import to_its_end
from edge.assembly import (
    AnySession,
    locked,
    make_ask_desk,
    make_localizer,
    make_span_reader,
    make_writer,
    recordings_folder,
)
from edge.bundle import DEFAULT_BUNDLE
from edge.bundle_store import confirm
from edge.config import EdgeConfig
from edge.delivery import Delivery
from edge.encoder import Encoder
from edge.events import LiveState, Localization, NoticeCode
from edge.health_keeper import HealthKeeper
from edge.interval_session import IntervalSession
from edge.localizer_desk import DeskSettings, LocalizerDesk
from edge.messages import utc
from edge.model_question import ModelQuestion, completed
from edge.outbox import Outbox
from edge.publisher import Publisher
from edge.recording_folder import recordings
from edge.running_bundle import with_bundle
from edge.sample_clock import SampleClock
from edge.scrubber import Scrubber
from edge.session import Session
from edge.session_keeper import SessionKeeper
from edge.stream import NO_VITALS
from edge.supervision import Supervisor
from edge.tasks import cancel, first_to_end
from edge.wearing import News, Wearing
from firmware_bridge.device import Device
from firmware_bridge.packets import (
    Battery,
    Contact,
    Damage,
    HeartRate,
    LinkLost,
    LinkRestored,
    Received,
    SampleBlock,
)
from firmware_bridge.transports import open_transport

_LOG = logging.getLogger(__name__)
_FAREWELL_S = 5.0
_WAITING_BLOCKS = 64  # recorded and not yet analysed; when it is full, reading waits too
_PROOF_S = 600.0  # that a new bundle has to run before it is trusted


Job = Callable[[], Coroutine[Any, Any, None]]


class EdgeService:
    """Runs until its source ends or it is cancelled; then everything in the outbox is delivered."""

    def __init__(self, config: EdgeConfig) -> None:
        self._config, self._bundle_complaint = with_bundle(config)
        config, model = self._config, self._config.model
        self._encoder = Encoder(model.bundle or DEFAULT_BUNDLE)
        self._outbox = Outbox(config.storage.folder / "outbox.sqlite", config.storage.max_outbox_rows)
        desk_settings = DeskSettings(model.deadline_s, model.waiting_questions)
        process = make_localizer(config)
        reader = make_span_reader(config)
        self._desk = LocalizerDesk(process, self._answered, desk_settings, reader.add_to)
        self._asks = make_ask_desk(
            config, reader, process, lambda answer: self._publisher.publish_answer(answer)
        )
        self._publisher = Publisher(self._outbox, config.device.device_id, config.mqtt, self._asks.submit)
        self._keeper = SessionKeeper(config, self._encoder, self._outbox, self._desk)
        self._scrubber = Scrubber(recordings_folder(config), self._outbox, partial(make_writer, config))
        self._delivery = Delivery(
            self._outbox, self._publisher, self._keeper, self._scrubber, self._asks, self._desk
        )
        self._link: Literal["connected", "lost", "ended"] = "lost"
        self._wearing = Wearing()
        self._health = HealthKeeper(config, self._outbox, self._desk, self._wearing)
        self._health.bundle_complaint = self._bundle_complaint
        self._told_absent_model = False
        self._waiting: asyncio.Queue[Job] = asyncio.Queue(_WAITING_BLOCKS)
        self._supervisor, self._started_s = Supervisor(), time.monotonic()

    @property
    def _session(self) -> AnySession | None:
        return self._keeper.session

    async def run(self) -> None:
        """Take up what a crash left, analyse the source, deliver; a part that fails ends it all."""
        with locked(self._config.storage.folder):
            await self._keeper.recover()
            await self._publisher.start(must_be_let_in=not any(recordings(recordings_folder(self._config))))
            self._supervisor.ready()
            work = asyncio.create_task(self._work())
            beside = (self._analyse, self._publisher.run, self._desk.run, self._asks.run, self._tell_state)
            jobs = [
                asyncio.create_task(job()) for job in (*beside, self._health.machine.run, self._scrubber.run)
            ]
            self._analysis = jobs[0]
            is_orderly = False
            try:
                await first_to_end(work, jobs)
                is_orderly = True
            except asyncio.CancelledError:
                is_orderly = await self._say_goodbye(work)
                raise
            finally:
                self._supervisor.stopping()
                await cancel([work])
                await cancel(jobs)
                await self._desk.close()
                await self._publisher.stop(orderly=is_orderly)
                self._outbox.close()

    async def deliver(self, *, stay: bool = False) -> None:
        """Send what waits in the outbox, and answer what is asked meanwhile; with `stay` until cancelled."""
        with locked(self._config.storage.folder):
            await self._delivery.run(stay=stay)

    async def _work(self) -> None:
        for payload in self._outbox.open_questions():
            self._desk.submit(ModelQuestion.model_validate_json(payload))
        await self._listen()
        await self._delivery.drain(questions=True)
        self._publisher.publish_state(self._state())

    async def _say_goodbye(self, work: "asyncio.Task[None]") -> bool:
        """The recording is brought to its end, and what it gave is sent if that takes no time."""
        await cancel([work])
        with suppress(TimeoutError):
            await asyncio.wait_for(self._delivery.drain(), _FAREWELL_S)
        return True

    async def _listen(self) -> None:
        async with open_transport(self._config.device.uri) as transport:
            clock = await self._begin(transport.device)
            self._link = "connected"
            try:
                async for received in transport.packets():
                    await self._take(received, clock)
                    await asyncio.sleep(0)
            except asyncio.CancelledError:
                await self._finish()
                raise
            await self._finish()

    async def _analyse(self) -> None:
        """Beside the recorder: what is recorded waits here for its analysis."""
        while True:
            job = await self._waiting.get()
            self._health.analysis_begins()
            await to_its_end(job())
            self._health.analysis_ends()
            self._waiting.task_done()

    async def _begin(self, device: Device) -> SampleClock:
        clock, started = await self._keeper.begin(device)
        self._notice(started, device.described)
        self._tell_absent_model()
        self._tell_bundle_complaint()
        return clock

    async def _take(self, received: Received, clock: SampleClock) -> None:
        session = self._session
        assert session is not None
        match received.packet:
            case SampleBlock() as packet if isinstance(session, Session):
                block = session.record(packet, clock, received.host_time_ns)
                if block is not None:
                    await self._waiting.put(partial(session.analyse, block))
            case HeartRate(contact=contact) as heart_rate:
                self._tell(self._wearing.hear_contact(contact, received.host_time_ns))
                if isinstance(session, IntervalSession):
                    session.hear(heart_rate, received.host_time_ns)
            case Contact(is_worn=is_worn):
                self._tell(self._wearing.hear_contact(is_worn, received.host_time_ns))
            case Battery(percent=percent):
                self._tell(self._wearing.hear_battery(percent))
            case Damage(n_bytes=n_bytes, reason=reason):
                clock.damaged()
                session.tally.add_damage(n_bytes, reason)
            case LinkLost(reason=reason):
                clock.link_lost()
                self._link = "lost"
                await self._waiting.put(session.interrupt)
                self._notice("link_lost", reason)
            case LinkRestored(outage_s=outage_s):
                self._link = "connected"
                self._notice("link_restored", f"after {outage_s:.1f} s")

    async def _finish(self) -> None:
        """After what waits is analysed; where the analysis has died, the recording stays open."""
        assert self._session is not None
        self._link = "ended"
        analysed = asyncio.create_task(self._waiting.join())
        await asyncio.wait({analysed, self._analysis}, return_when=asyncio.FIRST_COMPLETED)
        if not analysed.done():
            analysed.cancel()
            return
        self._notice("recording_ended", self._config.device.uri)
        await self._keeper.end()

    async def _tell_state(self) -> None:
        while True:
            state = self._state()
            self._publisher.publish_state(state)
            self._supervisor.alive(f"{state.link}; {state.outbox_backlog} events wait for the hub")
            if self._config.model.store and time.monotonic() - self._started_s > _PROOF_S:
                confirm(self._config.model.store)
            if not state.outbox_backlog:
                self._keeper.settle()
            await asyncio.sleep(1.0)

    def _state(self) -> LiveState:
        vitals = self._session.vitals if self._session and self._link == "connected" else NO_VITALS
        now_ns, backlog = time.time_ns(), self._outbox.backlog()
        self._health.session = self._session
        return LiveState(
            device_id=self._config.device.device_id,
            patient_id=self._config.device.patient_id,
            at=utc(now_ns),
            link=self._link,
            contact=self._wearing.contact,
            battery_percent=self._wearing.battery_percent,
            heart_rate_bpm=vitals.heart_rate_bpm and round(vitals.heart_rate_bpm, 1),
            rhythm=vitals.rhythm,
            analysable=vitals.analysable,
            open_findings=vitals.open_findings,
            outbox_backlog=backlog,
            localizer=self._desk.status,
            health=self._health.troubles(self._link, backlog, now_ns) or None,
        )

    def _answered(self, question: ModelQuestion, localization: Localization) -> None:
        """The language model's word, or why there is none, becomes an event."""
        self._outbox.close_question(completed(question, localization))
        if localization.status == "dropped" and self._session is not None:
            self._session.tally.add_dropped_question()
        self._tell_absent_model()

    def _tell_absent_model(self) -> None:
        """Once, where a model is wanted and none answers."""
        wanted = self._config.model.language_model != "none" and not self._told_absent_model
        if wanted and self._desk.status == "absent" and self._session is not None:
            self._told_absent_model = True
            why = self._desk.reason or "none is installed (hearth models install)"
            why = f"no language model answers: {why}; episodes go without its word"
            self._notice("localizer_unavailable", why)

    def _tell_bundle_complaint(self) -> None:
        """Once, where another bundle runs than the one that was installed last."""
        if self._bundle_complaint:
            self._notice("model_taken_back", self._bundle_complaint)
            self._bundle_complaint = None

    def _tell(self, news: list[News]) -> None:
        for code, text in news:
            self._notice(code, text)

    def _notice(self, code: NoticeCode, text: str) -> None:
        assert self._session is not None
        writer = make_writer(self._config, self._session.recording)
        self._session.tell([writer.notice(code, text, time.time_ns())])
