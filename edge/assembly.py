"""Makes the parts of the edge from its configuration."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import chain, count
from pathlib import Path

from edge.ask_answer import LanguageAnswers
from edge.ask_desk import AskDesk, Reply
from edge.ask_measured import MeasuredAnswers
from edge.bundle import DEFAULT_BUNDLE
from edge.config import EdgeConfig
from edge.disk_space import SpaceLimits
from edge.encoder import Encoder
from edge.errors import UserError
from edge.interval_pipeline import IntervalPipeline
from edge.interval_session import IntervalSession
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE
from edge.language_model import find_language_model
from edge.localizer_process import LocalizerProcess, ModelFiles
from edge.messages import MessageWriter
from edge.model_question import ModelQuestion
from edge.outbox import Outbox
from edge.pipeline import Pipeline, PipelineSettings
from edge.recorder import RecorderSettings
from edge.recording_folder import RecordingFolder
from edge.rules import RuleSettings
from edge.second_tracker import DurationSettings
from edge.session import Session
from edge.span_evidence import SpanReader

AnySession = Session | IntervalSession


def recordings_folder(config: EdgeConfig) -> Path:
    """Where recordings are kept."""
    return config.storage.folder / "recordings"


def space_limits(config: EdgeConfig) -> SpaceLimits:
    """How much room recordings may take, and what is left to what else must be written."""
    storage = config.storage
    return SpaceLimits(int(storage.max_gigabytes * 1e9), int(storage.reserve_megabytes * 1e6))


def make_session(
    config: EdgeConfig,
    recording: RecordingFolder,
    encoder: Encoder,
    outbox: Outbox,
    ask: Callable[[ModelQuestion], None],
    look_every_s: float,
) -> AnySession:
    """A session on a new recording, or on one that was interrupted; 0 s asks for no scheduled looks.

    A recording without leads is one of intervals alone.
    """
    storage, settings = config.storage, _pipeline_settings(config)
    limits = RecorderSettings(storage.segment_minutes * 60, space_limits(config))
    if not recording.leads:
        make_pipeline = partial(IntervalPipeline, encoder, settings)
        return IntervalSession(recording, make_pipeline, limits, outbox, make_writer(config, recording))
    writer = replace(make_writer(config, recording), encoder_sha256=encoder.manifest.onnx_sha256)
    make = _pipelines(encoder, config.model.bundle or DEFAULT_BUNDLE, recording, settings)
    session = Session(recording, make, limits, outbox, writer, ask, look_every_s)
    session.tally.add_leads(recording.leads, encoder.manifest.max_leads)
    return session


def _pipelines(
    encoder: Encoder, bundle: Path, recording: RecordingFolder, settings: PipelineSettings
) -> Callable[[], Pipeline]:
    """The first has the encoder that is there; one that follows a failure has an encoder of its own."""
    encoders = chain([encoder], (Encoder(bundle) for _ in count()))
    return lambda: Pipeline(next(encoders), recording.fs_hz, len(recording.leads), settings)


def make_span_reader(config: EdgeConfig) -> SpanReader:
    """Measures what the stream does not, for questions."""
    return SpanReader(config.model.bundle or DEFAULT_BUNDLE, _pipeline_settings(config))


def make_ask_desk(
    config: EdgeConfig, reader: SpanReader, process: LocalizerProcess | None, reply: Reply
) -> AskDesk:
    """Answers the hub's questions about the signal, from what is recorded."""
    measured = MeasuredAnswers(recordings_folder(config), reader.read)
    return AskDesk(LanguageAnswers(measured, process).answer, reply)


def make_writer(config: EdgeConfig, recording: RecordingFolder) -> MessageWriter:
    """Speaks for this device and patient."""
    device = config.device
    return MessageWriter(
        device.device_id,
        device.patient_id,
        recording.recording_id,
        recording.fs_hz,
        recording.leads,
        config.rules.priority,
    )


def make_localizer(config: EdgeConfig) -> LocalizerProcess | None:
    """The language model's process; `None` where there is no model, or nothing that makes it see."""
    path, sight = find_language_model(config.model.language_model), DEFAULT_LANGUAGE_BUNDLE
    if path is None or not (sight / "manifest.json").is_file():
        return None
    files = ModelFiles(path, sight, config.model.bundle or DEFAULT_BUNDLE)
    return LocalizerProcess(files, config.model.language_model_threads)


def _pipeline_settings(config: EdgeConfig) -> PipelineSettings:
    rules = config.rules
    return PipelineSettings(
        RuleSettings(rules.pause_ms, rules.bradycardia_bpm, rules.tachycardia_bpm),
        DurationSettings(rules.af_s, rules.vf_s, rules.unanalysable_s),
    )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One edge a storage folder, which nobody else can read: it holds raw ECG."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"{folder}: storage.folder: another hearth edge is using it") from None
        yield
