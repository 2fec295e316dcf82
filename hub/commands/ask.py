"""Ask in plain words: about the history, about the signal, or what a word means.

    hearth ask "How was my week?" --config hub.toml
    hearth ask "How often did I have atrial fibrillation since Monday?" --config hub.toml
    hearth ask "PVC burden of the last 3 days" --config hub.toml
    hearth ask "Is it better than last week?" --config hub.toml

The signal is looked at by the edge, which has to run (and `hearth hub`, or another broker):

    hearth ask "What do you see in the last minute?" --config hub.toml
    hearth ask "Compare now with this morning" --config hub.toml
    hearth ask "What happened here?" --episode 3f2a9c1e --config hub.toml

What words mean is looked up in the pages that come with Hearth:

    hearth ask "What is bigeminy?" --config hub.toml

Without a time, a question is about the 7 days up to the latest data. Times are in the hub's zone.
Hearth gives no diagnosis, no prognosis and no advice on medicines, and is not for emergencies: then call
your emergency number.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hub.ask.answer import Answer
    from hub.config import HubConfig

HELP: Final = "ask about the history, the signal, or what a word means"
_LONGEST_S: Final = 300.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `hearth ask` understands."""
    parser.add_argument("question", metavar="QUESTION", help="in quotes, in English, at most 500 characters")
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--patient", metavar="ID", help="patient id (default: the only one)")
    parser.add_argument("--episode", metavar="ID", help="about this episode; its id, or the beginning of it")
    parser.add_argument(
        "--deadline", type=_seconds, default=30.0, metavar="S", help="how long the edge may take (default 30)"
    )
    parser.add_argument("--json", action="store_true", help="for machines, with all that the answer rests on")


def run(arguments: argparse.Namespace) -> int:
    """Answer; 0 where there is an answer, 1 where there is none, with the reason printed."""
    from hub.ask.answer import as_json, lines
    from hub.config import load

    config = load(arguments.config)
    said = _answer(config, arguments)
    if arguments.json:
        print(json.dumps(as_json(said), ensure_ascii=False))
    else:
        print("\n".join(lines(said)))
    return 0 if said.status == "answered" else 1


def _answer(config: "HubConfig", arguments: argparse.Namespace) -> "Answer":
    from hub.ask.asking import ask
    from hub.store import Store

    patient_id = _patient(config, arguments.patient)
    with Store.open(config.database_url) as store:
        return ask(store, config, patient_id, arguments.question, arguments.episode, arguments.deadline)


def _patient(config: "HubConfig", named: str | None) -> str:
    from hub.config import ConfigError

    known = [patient.id for patient in config.patients]
    if named is None and len(known) == 1:
        return known[0]
    if named in known:
        return named
    what = "which one?" if named is None else f"{named!r} is not known;"
    raise ConfigError(config.path, "--patient", f"{what} known are: {', '.join(known)}")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds <= _LONGEST_S:
        raise argparse.ArgumentTypeError(f"between 0 and {_LONGEST_S:g}")
    return seconds
