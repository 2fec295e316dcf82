"""Play a real ECG through every part of Hearth, on this machine.

A virtual Polar H10 sends the recording over a (virtual) Bluetooth link; the edge decodes, filters, runs the
ONNX encoder and the language model and publishes over MQTT; the hub stores it; the dashboard shows it; a PDF
is typeset. Without --record it is five minutes of MIT-BIH record 208, with 93 ventricular beats.

    hearth demo
    hearth demo --record mitdb/119 --signal 0
    hearth demo --record night.edf --minutes 30
"""

import argparse
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.demo.recording import DemoRecording

HELP = "play a real ECG through every part, on this machine"
_PLAYING_S = 60.0
_MARK = ".hearth-demo"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth demo`."""
    parser.add_argument("--record", type=Path, help="WFDB record or EDF file (default: MIT-BIH 208)")
    parser.add_argument("--signal", type=int, default=0, help="signal of the record (default: 0)")
    parser.add_argument(
        "--minutes", type=float, default=30.0, help="play at most this much of it (default: 30)"
    )
    parser.add_argument(
        "--speed", type=float, help="times faster than life (default: about one minute in all)"
    )
    parser.add_argument("--out", type=Path, default=Path("demo-output"), help="folder (default: demo-output)")
    parser.add_argument("--no-dashboard", action="store_true", help="print lines instead of the dashboard")
    parser.add_argument("--no-language-model", action="store_true", help="leave the language model out")


def run(arguments: argparse.Namespace) -> int:
    """Set up, play, report, say what was seen."""
    from hub.demo.household import set_up
    from hub.demo.play import play, summary
    from hub.demo.recording import TOY_REFERENCE

    folder = _fresh(arguments.out.resolve())
    recording, name = _recording(arguments, folder)
    model = "none" if arguments.no_language_model else "default"
    household = set_up(folder, recording, name, model)
    speed = arguments.speed or max(1.0, recording.duration_s / _PLAYING_S)
    print(
        f"Playing {name}: {recording.duration_s / 60:.1f} min, {speed:g} times faster than life", flush=True
    )
    has_terminal = sys.stdout.isatty() and sys.stdin.isatty()
    play(household, recording, speed, arguments.signal, dashboard=has_terminal and not arguments.no_dashboard)
    print(f"\n{summary(household, None if arguments.record else TOY_REFERENCE)}")
    print(f"Report    {household.report}")
    print(f"Next      hearth tui --config {household.hub_config}          the dashboard")
    print(f"          hearth tui --config {household.hub_config} --web    the dashboard in a browser")
    print("          hearth demo --record PATH                       a record of your own (WFDB or EDF)")
    print("          hearth devices scan                             your own Polar H10")
    return 0


def _recording(arguments: argparse.Namespace, folder: Path) -> "tuple[DemoRecording, str]":
    from hub.demo.recording import TOY_TITLE, existing_recording, write_toy_recording

    if arguments.record is None:
        return write_toy_recording(folder / "record"), TOY_TITLE
    return existing_recording(arguments.record, arguments.minutes * 60), arguments.record.stem


def _fresh(folder: Path) -> Path:
    """Empty what an earlier demo left; never anything else."""
    from hub.demo.processes import DemoError

    if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
        raise DemoError(f"{folder}: --out: not empty, and no earlier demo wrote it")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / _MARK).touch()
    return folder
