"""Options that the EC57 subcommands share: which records, which part of them, what to write."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from edge.errors import UserError

if TYPE_CHECKING:
    from export.evaluation.annotations import AnnotatedRecord
    from export.evaluation.period import Options

FORMATS = ("text", "json", "latex")


def add_annotators(parser: argparse.ArgumentParser) -> None:
    """Where the two annotators' files are."""
    parser.add_argument("--data", type=Path, required=True, help="folder with headers and reference files")
    parser.add_argument("--reference", default="atr", help="suffix of the reference files (default: atr)")
    parser.add_argument("--test", required=True, help="suffix of the detector's files, e.g. qrs")
    parser.add_argument("--test-dir", type=Path, help="folder with the detector's files (default: --data)")


def add_records(parser: argparse.ArgumentParser) -> None:
    """Which records: those named, or all."""
    parser.add_argument(
        "--records", nargs="+", metavar="RECORD", help="default: all that both annotators have"
    )


def add_period(parser: argparse.ArgumentParser) -> None:
    """Which part is scored; other values than the defaults are not a standard comparison."""
    parser.add_argument("--start-s", type=seconds, default=300.0, help="scored from here (EC57: 300)")
    parser.add_argument(
        "--stop-s", type=seconds, help="scored to here (EC57: to the end; 0: of the shorter file)"
    )
    parser.add_argument("--window-ms", type=seconds, default=150.0, help="match window (EC57: 150)")


def add_output(parser: argparse.ArgumentParser) -> None:
    """In which form, and where to."""
    parser.add_argument("--format", choices=FORMATS, default="text", help="default: text, as the C tools")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write here instead of printing")


def options_of(arguments: argparse.Namespace) -> "Options":
    """The choices made on the command line."""
    from export.evaluation.period import Options

    return Options(
        arguments.start_s,
        arguments.stop_s,
        arguments.window_ms,
        getattr(arguments, "shortest_s", 0.0),
        getattr(arguments, "exclude_flutter", False),
    )


def read_records(arguments: argparse.Namespace) -> "list[AnnotatedRecord]":
    """The records named, or all that both annotators have; what is out of the ordinary is told on stderr."""
    if options_of(arguments).is_nonstandard:
        print("nonstandard comparison: other options than those of EC57", file=sys.stderr)
    return [read_one(arguments, name) for name in arguments.records or _common_records(arguments)]


def read_one(arguments: argparse.Namespace, name: str) -> "AnnotatedRecord":
    """One record with both annotators."""
    from export.evaluation.annotations import read_record

    return read_record(name, arguments.data, arguments.reference, arguments.test, _test_folder(arguments))


def write(arguments: argparse.Namespace, text: str) -> int:
    """Print, or write the file that `--out` names; returns the exit status."""
    if arguments.out is None:
        sys.stdout.write(text)
        return 0
    try:
        arguments.out.write_text(text)
    except OSError as error:
        raise UserError(f"{arguments.out}: {error.strerror}") from error
    return 0


def _common_records(arguments: argparse.Namespace) -> list[str]:
    folders = ((arguments.data, arguments.reference), (_test_folder(arguments), arguments.test))
    for folder, _ in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
    names = [{path.stem for path in folder.glob(f"*.{suffix}")} for folder, suffix in folders]
    common = sorted(names[0] & names[1])
    if not common:
        both = " and ".join(f"{folder}/*.{suffix}" for folder, suffix in folders)
        raise UserError(f"{both}: no record has both files")
    _tell_alone(names[0] - names[1], *folders[1])
    _tell_alone(names[1] - names[0], *folders[0])
    return common


def _tell_alone(records: set[str], folder: Path, suffix: str) -> None:
    if records:
        print(f"not scored, for want of {folder}/*.{suffix}: {' '.join(sorted(records))}", file=sys.stderr)


def _test_folder(arguments: argparse.Namespace) -> Path:
    return arguments.data if arguments.test_dir is None else Path(arguments.test_dir)


def seconds(text: str) -> float:
    """Of an option: finite, and not negative."""
    value = float(text)
    if not 0 <= value < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return value
