"""`hearth`: finds its subcommands through entry points, so that no package has to import another for them."""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, entry_points, version
from typing import Protocol, cast

_DESCRIPTION = """\
Hearth watches a heart at home: ECG from a wearable, analysed on a small computer, kept by a hub,
shown to caregivers and reported to clinicians. It is not a medical device.

Start with `hearth demo`. Then try your own recording:  hearth demo --record PATH
or your own chest strap:  hearth devices scan,  hearth edge --config edge.toml
"""


class _Command(Protocol):
    HELP: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run one subcommand, and return its exit status: 0 done, 2 the user can mend it."""
    arguments = _parser().parse_args(argv)
    try:
        return _run(arguments)
    except ImportError as error:
        return _complain(f"{error}; install the role you need, e.g. pip install 'hearth-ecg[edge]' or [hub]")
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has seen enough, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Exception as error:
        if not _is_for_the_user(error):
            raise
        return _complain(str(error))


def _run(arguments: argparse.Namespace) -> int:
    if "missing" in arguments:
        raise arguments.missing
    command: _Command = arguments.command
    return command.run(arguments)


def _is_for_the_user(error: Exception) -> bool:
    """Each package has its own error with the attribute `for_user`; none has to import another's."""
    return bool(getattr(error, "for_user", False))


def _complain(text: str) -> int:
    print(f"hearth: {text}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hearth", description=_DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"hearth {version('hearth-ecg')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for entry in sorted(entry_points(group="hearth.commands"), key=lambda entry: entry.name):
        _add(subparsers, entry)
    return parser


def _add(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]", entry: EntryPoint) -> None:
    try:
        module = entry.load()
    except ImportError as error:
        subparsers.add_parser(entry.name, help=f"not installed here: {error}").set_defaults(missing=error)
        return
    command = cast("_Command", module)
    subparser = subparsers.add_parser(
        entry.name,
        help=command.HELP,
        description=module.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_arguments(subparser)
    subparser.set_defaults(command=command)
