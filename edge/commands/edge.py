"""Run the edge: read a device, analyse its ECG, publish episodes.

Everything is in one commented file, see configs/edge.toml. Raw samples and events are on disk before they are
sent; a hub that is away gets everything later. Stop with Ctrl-C: the recording is brought to its end.

    hearth edge --config configs/edge.toml
    hearth edge --config configs/edge.toml --deliver      only send what still waits
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.config import EdgeConfig

HELP = "read a device, analyse its ECG, publish episodes"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth edge`."""
    parser.add_argument("--config", type=Path, required=True, help="TOML file, see configs/edge.toml")
    parser.add_argument("--check", action="store_true", help="check config and model files, then leave")
    parser.add_argument("--deliver", action="store_true", help="only send what waits in the outbox")
    parser.add_argument("--quiet", action="store_true", help="warnings only")


def run(arguments: argparse.Namespace) -> int:
    """Run until the source ends and everything is delivered, or until SIGINT or SIGTERM."""
    import asyncio
    import logging

    from edge.config import load_config

    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    config = load_config(arguments.config)
    if arguments.check:
        return _check(arguments.config)
    return asyncio.run(_serve(config, deliver_only=arguments.deliver))


def _check(path: Path) -> int:
    from edge.bundle import DEFAULT_BUNDLE, load_manifest
    from edge.config import load_config
    from edge.language_model import find_language_model

    config = load_config(path)
    load_manifest(config.model.bundle or DEFAULT_BUNDLE)
    model = find_language_model(config.model.language_model)
    print(f"{path}: fine; language model: {model or 'none'}")
    return 0


async def _serve(config: "EdgeConfig", *, deliver_only: bool) -> int:
    import asyncio
    import signal

    from edge.service import EdgeService

    service = EdgeService(config)
    job = asyncio.ensure_future(service.deliver() if deliver_only else service.run())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, job.cancel)
    try:
        await job
    except asyncio.CancelledError:
        return 0
    return 0
