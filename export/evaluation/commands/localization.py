"""Where is what: anyECG-chat's localization task on MIT-BIH, first signal alone, windows at random offsets.

    hearth evaluate localization --data DIR                     10 s windows of DS2
    hearth evaluate localization --data DIR --longest-s 60      10 to 60 s
    hearth evaluate localization --data DIR --no-model          without the language model
    hearth evaluate localization --data DIR --training          on DS1, to choose by

Each table is who answers: a constant answer, an oracle of presence, encoder and rules, the language model on
the signal alone (token by token, and as it points), and all fused as on the edge. IoU is over all questions,
IoU+ over those with it.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from export.evaluation.commands.bundle import add_bundle, load_encoder, with_progress
from export.evaluation.commands.options import add_output, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.encoder import Encoder
    from export.evaluation.grids import Line
    from export.evaluation.localization import LocalizationScore, Question
    from export.evaluation.localization_systems import Located
    from export.evaluation.record_spans import RecordSpans
    from export.evaluation.window_truth import AnnotatedRecord

HELP = "where abnormal waveforms are, by encoder, rules and language model"

COLUMNS = ("questions", "IoU", "IoU+", "Se", "+P", "false/h")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth evaluate localization`."""
    add_bundle(parser)
    parser.add_argument("--training", action="store_true", help="DS1 instead of DS2")
    parser.add_argument("--longest-s", type=int, default=10, help="longest window, 10 to 60 (default: 10)")
    parser.add_argument("--per-waveform", type=int, default=40, help="windows with each (default: 40)")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--no-model", action="store_true", help="leave the language model out")
    parser.add_argument("--model", type=Path, help="GGUF (default: the packaged one)")
    parser.add_argument("--language", type=Path, help="language bundle (default: the one with Hearth)")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1, help="windows at once, 800 MB each (default: 1)")
    add_output(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, score, and write the tables."""
    from export.evaluation.grids import Grid, render_grids
    from export.evaluation.localization_questions import draw_questions
    from export.training.splits import DS1, DS2

    names = arguments.records or sorted(DS1 if arguments.training else DS2)
    records, durations_s = _annotations(arguments.data, names)
    questions = draw_questions(
        records, durations_s, arguments.per_waveform, arguments.longest_s, arguments.seed
    )
    encoder = load_encoder(arguments)
    systems = _systems(arguments, questions, encoder)
    grids = []
    for name, answer in systems.items():
        rows, macro = _rows(questions, answer, records)
        title = f"{name}: macro IoU {100 * macro:.1f}"
        grids.append(Grid(name.split()[0], title, "Waveform", COLUMNS, rows))
    told = {"encoder": f"{encoder.manifest.name} {encoder.manifest.version}", "records": " ".join(names)}
    told |= {"longest_s": arguments.longest_s, "seed": arguments.seed}
    return write(arguments, render_grids(grids, arguments.format, told))


def _annotations(data: Path, names: "Sequence[str]") -> "tuple[dict[str, AnnotatedRecord], dict[str, float]]":
    import wfdb

    from export.evaluation.localization_questions import ASKED, only_as_annotated
    from export.evaluation.window_truth import read_annotations

    records, durations_s = {}, {}
    for name in names:
        path = str(data / "mitdb" / name)
        header = wfdb.rdheader(path)
        durations_s[name] = header.sig_len / header.fs
        records[name] = only_as_annotated(read_annotations(path, durations_s[name], ASKED))
    return records, durations_s


def _systems(
    arguments: argparse.Namespace, questions: "Sequence[Question]", encoder: "Encoder"
) -> "dict[str, Callable[[Question], list[tuple[float, float]]]]":
    from edge.bundle import DEFAULT_BUNDLE
    from edge.pipeline import PipelineSettings
    from edge.span_evidence import SpanReader
    from export.evaluation import localization_systems as who

    measured = who.Measured(
        _spans(arguments.data, questions, encoder),
        who.Strips(arguments.data, encoder.manifest.fs_hz),
        SpanReader(arguments.bundle or DEFAULT_BUNDLE, PipelineSettings()),
    )
    systems = {
        "constant answer": who.blind,
        "presence oracle": who.presence_oracle,
        "encoder and rules": measured.answer,
    }
    if not arguments.no_model:
        located = _located(arguments, questions, encoder)
        said = {window: one.said for window, one in located.items()}
        written = {window: one.written for window, one in located.items()}
        systems |= {
            "written by the language model": who.model_alone(written),
            "language model alone": who.model_alone(said),
            "whole system": who.whole(measured, said),
        }
    return systems


def _spans(data: Path, questions: "Sequence[Question]", encoder: "Encoder") -> "dict[str, RecordSpans]":
    from edge.analysis import analyse
    from export.evaluation.record_spans import record_spans
    from firmware_bridge.recordings import open_recording

    spans = {}
    for name in with_progress(sorted({question.record for question in questions}), "records"):
        recording = open_recording(data / "mitdb" / name, [0])
        analysis = analyse(recording, encoder)
        spans[name] = record_spans(analysis, recording.fs_hz, recording.n_samples / recording.fs_hz)
    return spans


def _located(
    arguments: argparse.Namespace, questions: "Sequence[Question]", encoder: "Encoder"
) -> "dict[tuple[str, float, int], Located]":
    from edge.bundle import DEFAULT_BUNDLE
    from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE
    from edge.language_model import default_path
    from edge.localizer_process import ModelFiles
    from export.evaluation.localization_asking import asked_windows
    from export.evaluation.localization_systems import Strips

    files = ModelFiles(
        arguments.model or default_path(),
        arguments.language or DEFAULT_LANGUAGE_BUNDLE,
        arguments.bundle or DEFAULT_BUNDLE,
    )
    strips = Strips(arguments.data, encoder.manifest.fs_hz)
    windows = sorted({(question.record, question.start_s, question.seconds) for question in questions})
    asked = asked_windows(files, arguments.threads, strips, windows, arguments.jobs)
    return dict(zip(windows, with_progress(asked, "windows", len(windows)), strict=True))


def _rows(
    questions: "Sequence[Question]",
    answer: "Callable[[Question], list[tuple[float, float]]]",
    records: "dict[str, AnnotatedRecord]",
) -> "tuple[dict[str, Line], float]":
    from edge.labels import WAVEFORM_NAMES
    from export.evaluation.localization import macro_iou, score

    scores: dict[str, LocalizationScore] = {}
    for waveform in dict.fromkeys(question.waveform for question in questions):
        own = [question for question in questions if question.waveform is waveform]
        free = [name for name, record in records.items() if not record.events(waveform)]
        scores[WAVEFORM_NAMES[waveform]] = score(own, [answer(question) for question in own], free)
    return {name: one.row() for name, one in scores.items()}, macro_iou(scores.values())
