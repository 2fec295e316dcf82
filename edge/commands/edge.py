"""Run the edge: read a device, analyse its ECG, publish episodes.

Everything is in one commented file, see configs/edge.toml. Raw samples and events are on disk before they are
sent; a hub that is away gets everything later. Stop with Ctrl-C: the recording is brought to its end.

    hearth edge --config configs/edge.toml
    hearth edge check --config configs/edge.toml          device, model, disk, broker, clock: would it work?
    hearth edge --config configs/edge.toml --deliver      only send what still waits
    hearth edge --config configs/edge.toml --answer       the same, and answer questions until stopped
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.config import EdgeConfig
    from edge.self_test import Result

HELP = "read a device, analyse its ECG, publish episodes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth edge`."""
    parser.add_argument("action", nargs="?", choices=["check"], help="test every part, then leave")
    parser.add_argument("--config", type=Path, required=True, help="TOML file, see configs/edge.toml")
    parser.add_argument("--deliver", action="store_true", help="only send what waits in the outbox")
    parser.add_argument(
        "--answer", action="store_true", help="as --deliver; answer questions about what is recorded, too"
    )
    parser.add_argument("--only", metavar="LIST", help="checks to run, e.g. storage,model (default: all)")
    parser.add_argument("--json", action="store_true", help="print the checks as JSON")
    parser.add_argument("--quiet", action="store_true", help="warnings only")


def run(arguments: argparse.Namespace) -> int:
    """Run until the source ends and everything is delivered, or until SIGINT or SIGTERM."""
    import asyncio
    import logging

    from edge.config import load_config

    level = logging.WARNING if arguments.quiet or arguments.action else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = load_config(arguments.config)
    if arguments.action == "check":
        return _check(config, arguments.only, as_json=arguments.json)
    return asyncio.run(_serve(config, deliver=arguments.deliver, answer=arguments.answer))


def _check(config: "EdgeConfig", only: str | None, *, as_json: bool) -> int:
    """0 where nothing failed; a warning is no failure."""
    import json
    from dataclasses import asdict

    from edge.errors import UserError
    from edge.self_test import CHECKS, run_checks

    wanted = tuple(only.split(",")) if only else CHECKS
    if unknown := set(wanted) - set(CHECKS):
        raise UserError(f"--only {min(unknown)}: no such check; there are: {', '.join(CHECKS)}")
    results = run_checks(config, wanted)
    if as_json:
        print(json.dumps([asdict(result) for result in results], indent=2))
    else:
        _print(results)
    return 1 if any(result.verdict == "failed" for result in results) else 0


def _print(results: "list[Result]") -> None:
    from rich.console import Console
    from rich.table import Table

    colours = {"ok": "green", "warning": "yellow", "failed": "red"}
    table = Table(show_header=False, box=None)
    for result in results:
        table.add_row(result.name, f"[{colours[result.verdict]}]{result.verdict}[/]", result.text)
    Console(soft_wrap=not sys.stdout.isatty()).print(table)


async def _serve(config: "EdgeConfig", *, deliver: bool, answer: bool) -> int:
    import asyncio
    import signal

    from edge.service import EdgeService

    service = EdgeService(config)
    job = asyncio.ensure_future(service.deliver(stay=answer) if deliver or answer else service.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, job.cancel)
    try:
        await job
    except asyncio.CancelledError:
        return 0
    return 0
