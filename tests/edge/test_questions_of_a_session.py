"""What a real recording asks the language model, also across a kill."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from edge.encoder import Encoder
from edge.events import EpisodeEvent, Localization, LookEvent, localization_id
from edge.labels import BeatClass
from edge.messages import MessageWriter
from edge.model_question import ModelQuestion, completed
from edge.outbox import Outbox
from edge.pipeline import Pipeline, PipelineSettings
from edge.recorder import RecorderSettings
from edge.recording_folder import RecordingFolder, new_recording
from edge.sample_clock import SampleClock
from edge.second_tracker import DurationSettings
from edge.session import Session
from edge.stream import NS_PER_S
from firmware_bridge.device import Device
from firmware_bridge.packets import SampleBlock

FS_HZ, START_NS = 360, 1_760_000_040 * NS_PER_S
DEVICE = Device("record 208", FS_HZ, ("MLII",), 1000.0)
LOOK_EVERY_S = 20.0

Ask = Callable[[ModelQuestion], None]


def session(recording: RecordingFolder, encoder: Encoder, outbox: Outbox, ask: Ask) -> Session:
    writer = MessageWriter("d", "p", recording.recording_id, FS_HZ, recording.leads, {})
    settings = PipelineSettings(durations=DurationSettings(unanalysable_s=3.0))
    limits = RecorderSettings(3600)
    make = partial(Pipeline, encoder, FS_HZ, 1, settings)
    return Session(recording, make, limits, outbox, writer, ask, LOOK_EVERY_S)


async def feed(one: Session, clock: SampleClock, uv: np.ndarray) -> None:
    for first in range(0, len(uv), FS_HZ):
        block = one.record(SampleBlock(uv[first : first + FS_HZ]), clock, START_NS)
        if block is not None:
            await one.analyse(block)


@pytest.fixture
def noisy_uv(toy_uv) -> np.ndarray:
    """From 40 s to 62 s nothing can be read."""
    uv = toy_uv.copy()
    uv[40 * FS_HZ : 62 * FS_HZ] = np.random.default_rng(1).normal(0, 3000, (22 * FS_HZ, 1))
    return uv


@pytest.fixture
async def asked(tmp_path: Path, encoder: Encoder, noisy_uv) -> list[ModelQuestion]:
    outbox, questions = Outbox(tmp_path / "outbox.sqlite"), []
    recording = new_recording(tmp_path, "replay:208", DEVICE)
    whole = session(recording, encoder, outbox, questions.append)
    await feed(whole, SampleClock(DEVICE, START_NS), noisy_uv)
    await whole.finish()
    assert len(outbox.open_questions()) == len(questions)
    outbox.close()
    return questions


def test_onsets_ends_and_looks_are_asked_once_each_with_evidence_of_their_strip(asked) -> None:
    assert len({question.answer_id for question in asked}) == len(asked)
    looks = [question.event for question in asked if isinstance(question.event, LookEvent)]
    episodes = [question.event for question in asked if isinstance(question.event, EpisodeEvent)]
    assert {event.looked for event in episodes} == {None, "end"}
    starts = [(look.at.timestamp() - START_NS / NS_PER_S) for look in looks]
    assert len(starts) == 4
    assert starts[0] < 10
    assert 20 < starts[1] < 30
    assert 55 < starts[2] < 62, "due at 60 s, and taken once half of the strip can be read"
    assert starts[3] > starts[2]
    for question in asked:
        strip, evidence = question.strip, question.evidence
        assert evidence.duration_s == pytest.approx(len(strip.samples_uv) / strip.fs_hz)
        assert evidence.leads == (strip.lead,) == ("MLII",)
        later_known = {beat.at_s for beat in evidence.beats} - {beat.at_s for beat in strip.beats}
        assert len(later_known) + len(strip.beats) == len(evidence.beats)
        if evidence.count(BeatClass.VENTRICULAR):
            assert "V" in {span.waveform for span in evidence.spans}


def test_the_end_of_a_long_episode_is_asked_about_on_its_own_strip(asked) -> None:
    onsets = {
        q.event.episode_id: q for q in asked if isinstance(q.event, EpisodeEvent) and not q.event.looked
    }
    ends = [q for q in asked if isinstance(q.event, EpisodeEvent) and q.event.looked == "end"]
    for end in ends:
        event, onset = end.event, onsets[end.event.episode_id]
        assert (event.end_at - event.onset_at).total_seconds() > 5
        assert event.strip.start_at > onset.strip.start_at
        strip_end = event.strip.start_at.timestamp() + len(event.strip.samples_uv) / FS_HZ
        assert event.strip.start_at.timestamp() < event.end_at.timestamp() <= strip_end + 0.01
        assert end.answer_id == localization_id(event.episode_id, "end")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves its file open
async def test_a_killed_edge_asks_the_rest_and_nothing_twice(tmp_path, encoder, noisy_uv, asked) -> None:
    outbox, questions = Outbox(tmp_path / "other.sqlite"), []
    recording = new_recording(tmp_path / "other", "replay:208", DEVICE)
    clock, cut = SampleClock(DEVICE, START_NS), 70 * FS_HZ
    await feed(session(recording, encoder, outbox, questions.append), clock, noisy_uv[:cut])
    before = len(questions)
    answered = questions[::2]
    for question in answered:
        outbox.close_question(completed(question, Localization(status="late")))
    taken_up = session(recording, encoder, outbox, questions.append)
    await taken_up.recover()
    assert len(questions) == before
    await feed(taken_up, clock, noisy_uv[cut:])
    await taken_up.finish()
    assert len({question.answer_id for question in questions}) == len(questions) == len(asked)
    still_open = {ModelQuestion.model_validate_json(row).answer_id for row in outbox.open_questions()}
    assert still_open == {q.answer_id for q in questions} - {q.answer_id for q in answered}
    outbox.close()
