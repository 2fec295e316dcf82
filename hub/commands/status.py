"""What the hub knows: patients, devices and how long they are silent, statistics, episodes.

The hub need not run. Times are UTC.
"""

import argparse
import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.commands.history import check_database, since_when

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.store import Store

HELP: Final = "what the hub knows: patients, devices, statistics, episodes"
_FOLLOW_S: Final = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `hearth status` understands."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--patient", metavar="ID", help="this patient alone")
    parser.add_argument(
        "--since",
        type=since_when,
        default="7d",
        metavar="WHEN",
        help="7d, 24h, 90m, or an ISO 8601 time (default 7d)",
    )
    parser.add_argument("--json", action="store_true", help="for machines; lists all episodes of the period")
    parser.add_argument("--latest", type=int, default=10, metavar="N", help="episodes shown (default 10)")
    parser.add_argument("--follow", action="store_true", help="go on, and print what changes")


def run(arguments: argparse.Namespace) -> int:
    """Print once, or until Ctrl-C."""
    from hub import config
    from hub.store import Store

    loaded = config.load(arguments.config)
    check_database(loaded)
    with Store.open(loaded.database_url) as store:
        _check_patient(store, loaded, arguments.patient)
        since = arguments.since
        if isinstance(since, timedelta):
            since = datetime.now(UTC) - since
        said = _say(store, loaded, arguments, since, said=[])
        while arguments.follow:
            time.sleep(_FOLLOW_S)
            said = _say(store, loaded, arguments, since, said)
    return 0


def _check_patient(store: "Store", config: "HubConfig", patient: str | None) -> None:
    from hub.config import ConfigError

    known = [person.patient_id for person in store.patients()]
    if patient is not None and patient not in known:
        raise ConfigError(
            config.path, "--patient", f"{patient!r} is not known; known are: {', '.join(known)}"
        )


def _say(
    store: "Store", config: "HubConfig", arguments: argparse.Namespace, since: datetime, said: list[str]
) -> list[str]:
    """Print what was not said before; gives back what is said now."""
    from hub.status import lines, overview

    seen = overview(store, config, since, datetime.now(UTC), arguments.patient)
    as_json = [json.dumps(seen, ensure_ascii=False)]
    saying = as_json if arguments.json else list(lines(seen, latest=arguments.latest))
    for line in saying:
        if line not in said:
            print(line, flush=True)
    return saying
