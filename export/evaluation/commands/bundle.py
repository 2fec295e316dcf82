"""Options that the subcommands share which run a bundle on a database, and their loop over its records."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from edge.errors import UserError

if TYPE_CHECKING:
    from edge.encoder import Encoder


_Item = TypeVar("_Item")


def add_bundle(parser: argparse.ArgumentParser) -> None:
    """Where the databases are, and what is tested."""
    parser.add_argument("--data", type=Path, required=True, help="folder that holds the databases' folders")
    parser.add_argument("--bundle", type=Path, help="model bundle (default: the one that comes with Hearth)")
    parser.add_argument("--records", nargs="+", metavar="RECORD", help="only these")


def add_marks(parser: argparse.ArgumentParser, suffix_help: str) -> None:
    """What another detector wrote, to be scored in the bundle's place."""
    parser.add_argument("--test", metavar="SUFFIX", help=suffix_help)
    parser.add_argument("--test-dir", type=Path, help="folder with these files (default: beside the records)")


def marks_name(arguments: argparse.Namespace) -> str:
    """Which files are scored."""
    return f"{arguments.test_dir or '.'}/*.{arguments.test or '*'}"


def add_split(parser: argparse.ArgumentParser) -> None:
    """Which patients."""
    split = parser.add_mutually_exclusive_group()
    split.add_argument(
        "--held-out", action="store_true", help="only patients that no model of Hearth has learned from"
    )
    split.add_argument("--training", action="store_true", help="only patients that the models learned from")


def chosen(
    arguments: argparse.Namespace, names: Sequence[str], is_held_out: Callable[[str], bool]
) -> list[str]:
    """The records that the options ask for; raises UserError where there are none."""
    split = getattr(arguments, "held_out", False), getattr(arguments, "training", False)
    wanted = {(True, False): {True}, (False, True): {False}}.get(split, {True, False})
    records = [name for name in names if is_held_out(name) in wanted]
    if arguments.records:
        if missing := sorted(set(arguments.records) - set(records)):
            raise UserError(f"{arguments.data}: no such record here: {' '.join(missing)}")
        records = [name for name in records if name in arguments.records]
    if not records:
        raise UserError(f"{arguments.data}: no record of this database is here")
    return records


def headers(folder: Path) -> list[str]:
    """Names of the records in a folder; raises UserError where it is missing."""
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    return sorted(path.stem for path in folder.glob("*.hea"))


def load_encoder(arguments: argparse.Namespace) -> "Encoder":
    """The bundle of `--bundle`, or Hearth's own."""
    from edge.bundle import DEFAULT_BUNDLE
    from edge.encoder import Encoder

    return Encoder(arguments.bundle or DEFAULT_BUNDLE)


def conditions(tested: "Encoder | str", records: Sequence[str]) -> dict[str, object]:
    """What the figures are of: a bundle, or the files that `tested` names."""
    if isinstance(tested, str):
        return {"test": tested, "records": len(records)}
    encoder = tested
    return {"bundle": encoder.manifest.version, "onnx": encoder.manifest.onnx_sha256, "records": len(records)}


def with_progress(records: Iterable[_Item], title: str, total: int | None = None) -> Iterator[_Item]:
    """The records one by one, with a bar where a person looks on; `total` where they have no length."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    is_hidden = not sys.stderr.isatty()
    yield from track(records, title, total=total, console=console, transient=True, disable=is_hidden)
