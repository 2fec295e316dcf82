"""Run the hub: take in what edges send, keep it, confirm it.

Ends in order on SIGTERM or Ctrl-C. With `--check` it only looks for mistakes in the config.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hub.config import HubConfig

HELP: Final = "run the hub: broker, history, receipts"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `hearth hub` understands."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--check", action="store_true", help="look for mistakes in the config, and exit")


def run(arguments: argparse.Namespace) -> int:
    """Serve until a signal; 0 after an orderly end."""
    from hub import config

    loaded = config.load(arguments.config)
    _check_files(loaded)
    if arguments.check:
        print(f"{arguments.config.name}: no mistakes found")
        return 0
    return _serve(loaded)


def _check_files(config: "HubConfig") -> None:
    config.hub_password()
    config.device_passwords()
    config.tls_file("tls_ca_file")
    config.tls_file("tls_cert_file")
    config.tls_file("tls_key_file")


def _serve(config: "HubConfig") -> int:
    import logging

    from hub.service import serve

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.WARNING)
    logging.getLogger("hub").setLevel(logging.INFO)
    serve(config)
    return 0
