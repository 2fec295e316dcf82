"""The caregiver's dashboard in this terminal: patients, heart rate, episodes with their strips.

hearth tui --config hub.toml
hearth tui --config hub.toml --web               in a browser of this machine; it has no login
hearth tui --config hub.toml --screenshot dashboard.svg --size 140x42
"""

import argparse
import re
import shlex
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.config import HubConfig

HELP = "the caregiver's dashboard in the terminal, or in a browser of this machine"
_FAR_FONT = re.compile(r"<link[^>]*fonts\.googleapis[^>]*>")
_HEARTH = "import sys; from edge.command_line import main; sys.exit(main())"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth tui`."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--patient", metavar="ID", help="patient shown first (default: the first one)")
    parser.add_argument("--until-file", type=Path, metavar="PATH", help="close when this file appears")
    parser.add_argument("--screenshot", type=Path, metavar="FILE", help="write one picture as SVG and end")
    parser.add_argument(
        "--size", type=_size, default=(120, 36), metavar="WxH", help="of the picture (default: 120x36)"
    )
    parser.add_argument("--episode", metavar="ID", help="picture of this episode; `first` is the newest")
    parser.add_argument(
        "--web",
        action="store_true",
        help="serve it at http://127.0.0.1:PORT; there is no login, and it is reached from this machine only",
    )
    parser.add_argument("--port", type=int, default=8000, metavar="N", help="of --web (default: 8000)")


def run(arguments: argparse.Namespace) -> int:
    """Show the dashboard until it is closed."""
    from hub.config import load
    from hub.tui.app import DashboardApp
    from hub.tui.screenshot import save
    from hub.tui.source import Source

    config = load(arguments.config)
    _check_patient(config, arguments.patient)
    if arguments.web:
        return _serve(arguments)
    source = Source(config)
    if arguments.screenshot is not None:
        save(source, arguments.patient, arguments.size, arguments.episode, arguments.screenshot)
        print(arguments.screenshot)
        return 0
    app = DashboardApp(source, arguments.patient, arguments.until_file)
    app.run()
    return app.return_code or 0


def _check_patient(config: "HubConfig", patient_id: str | None) -> None:
    from hub.config import ConfigError

    known = [patient.id for patient in config.patients]
    if patient_id is not None and patient_id not in known:
        raise ConfigError(
            config.path, "--patient", f"{patient_id!r} is not known; known are: {', '.join(known)}"
        )


def _serve(arguments: argparse.Namespace) -> int:
    """Every browser tab gets a dashboard of its own, by the same command."""
    from textual_serve.server import Server

    command = [sys.executable, "-c", _HEARTH, "tui", "--config", str(arguments.config.resolve())]
    if arguments.patient:
        command += ["--patient", arguments.patient]
    with TemporaryDirectory() as folder:
        _write_page(Path(folder))
        place = {"host": "127.0.0.1", "port": arguments.port, "templates_path": folder}
        Server(shlex.join(command), title="Hearth", **place).serve()
    return 0


def _write_page(folder: Path) -> None:
    """The page of textual-serve, which then asks no other server for a font."""
    import textual_serve

    page = Path(textual_serve.__file__).parent / "templates" / "app_index.html"
    (folder / page.name).write_text(_FAR_FONT.sub("", page.read_text(encoding="utf-8")), encoding="utf-8")


def _size(text: str) -> tuple[int, int]:
    numbers = re.fullmatch(r"(\d{2,3})x(\d{2,3})", text)
    if numbers is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size like 140x42")
    return int(numbers[1]), int(numbers[2])
