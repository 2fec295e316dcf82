"""Find moments in one person's history by what they look like, in your own words.

  hearth find "runs of wide beats" --config hub.toml
  hearth find "irregular rhythm without P waves" --config hub.toml --patient anna --since 24h --why

Each episode, and each minute in which nothing was found, is compared with the question: the encoder of the
edge describes the signal around it, a small text model describes the question, both in one space. The
similarity lies between -1 and 1. Where the question names a finding ("bigeminy", "pauses"), episodes with
that finding come first, marked *. Words about nothing in an ECG find nothing: that is said in one line, with
exit status 1. A similarity is no diagnosis: look at the strip (hearth tui, hearth
report). The hub need not run.
"""

import argparse
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hub.commands.history import check_database, since_when

if TYPE_CHECKING:
    from hub.config import HubConfig
    from hub.find import Answer, Hit
    from hub.store import Store

HELP: Final = "find moments in the history by what they look like, in your own words"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `hearth find` understands."""
    parser.add_argument("question", metavar="QUESTION", help='for example "runs of wide beats"')
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--patient", metavar="ID", help="whose history; needed where there are several")
    parser.add_argument(
        "--since",
        type=since_when,
        default="30d",
        metavar="WHEN",
        help="30d, 24h, 90m, or an ISO 8601 time (default 30d)",
    )
    parser.add_argument("--latest", type=_count, default=10, metavar="N", help="hits shown (default 10)")
    parser.add_argument("--why", action="store_true", help="say what each hit was ranked by")
    parser.add_argument("--json", action="store_true", help="for machines")


def run(arguments: argparse.Namespace) -> int:
    """Print the best hits, best first."""
    from hub import config
    from hub.find import checked_question, find
    from hub.find_model import find_model
    from hub.store import Store

    question, loaded = checked_question(arguments.question), config.load(arguments.config)
    check_database(loaded)
    with Store.open(loaded.database_url) as store:
        patient, since = _patient(store, loaded, arguments.patient), arguments.since
        if isinstance(since, timedelta):
            since = datetime.now(UTC) - since
        period = (patient, since, _after_all(store, patient))
        answer = find(question, store.episodes(*period), store.minutes(*period), find_model())
    if arguments.json:
        print(json.dumps(_json(question, patient, answer, arguments.latest), ensure_ascii=False))
    else:
        print("\n".join(_lines(answer, arguments.latest, why=arguments.why)))
    return 0 if answer.is_alike else 1


def _lines(answer: "Answer", latest: int, *, why: bool) -> Iterator[str]:
    if not answer.is_alike:
        yield "nothing in the history is like that: the question names nothing of a heart or its ECG"
        return
    if why:
        yield from _reasons(answer)
    for hit in answer.hits[:latest]:
        yield _line(hit)
        if why:
            yield f"    {_reason(hit, answer)}"
    if len(answer.hits) > latest:
        yield f"{len(answer.hits) - latest} less similar ones are not shown; --latest shows more"


def _line(hit: "Hit") -> str:
    from edge.labels import FINDING_NAMES
    from hub.wording import witnesses_text

    name = FINDING_NAMES[hit.finding] if hit.finding else "nothing found"
    similarity = "  –  " if hit.similarity is None else f"{hit.similarity:5.2f}"
    mark = "*" if hit.is_named else " "
    who = witnesses_text(hit.seen_by) if hit.seen_by else "minute"
    return f"{hit.at:%Y-%m-%d %H:%M:%SZ} {mark} {similarity}  {name:34}  {hit.short_id or '–':8}  {who}"


def _reasons(answer: "Answer") -> Iterator[str]:
    from edge.labels import FINDING_NAMES

    if answer.named.findings:
        names = ", ".join(FINDING_NAMES[finding] for finding in answer.named.findings)
        said = ", ".join(f'"{phrase}"' for phrase in answer.named.phrases)
        yield f"{said} names {names}: these episodes come first (*), the others after them"
    else:
        yield "no finding is named: similarity alone decides"
    yield f"{answer.compared} windows compared with the question"
    if answer.unknown_words:
        yield f"read by their letters alone, as unknown words: {', '.join(answer.unknown_words)}"
    if answer.other_model:
        yield f"{answer.other_model} windows left out: embedded by another encoder"
    if answer.without_embedding:
        yield f"{answer.without_embedding} episodes and minutes have no embedding"


def _reason(hit: "Hit", answer: "Answer") -> str:
    named = "named by the question; " if hit.is_named else ""
    if hit.place is None:
        return f"{named}no embedding to compare"
    return f"{named}place {hit.place} of {answer.compared} by similarity alone"


def _json(question: str, patient: str, answer: "Answer", latest: int) -> dict[str, Any]:
    return {
        "question": question,
        "patient_id": patient,
        "named": [str(finding) for finding in answer.named.findings],
        "compared": answer.compared,
        "other_model": answer.other_model,
        "without_embedding": answer.without_embedding,
        "unknown_words": list(answer.unknown_words),
        "hits": [_hit(hit) for hit in answer.hits[:latest] if answer.is_alike],
        "is_alike": answer.is_alike,
    }


def _hit(hit: "Hit") -> dict[str, Any]:
    return {
        "kind": hit.kind,
        "at": hit.at.isoformat(timespec="milliseconds"),
        "until": hit.until and hit.until.isoformat(timespec="milliseconds"),
        "finding": hit.finding and str(hit.finding),
        "is_named": hit.is_named,
        "similarity": hit.similarity,
        "place": hit.place,
        "short_id": hit.short_id,
        "seen_by": list(hit.seen_by),
    }


def _count(text: str) -> int:
    """Parses `--latest`."""
    if not 1 <= int(text) <= 1000:  # noqa: PLR2004 the same numbers are in the message
        raise argparse.ArgumentTypeError("1 to 1000")
    return int(text)


def _patient(store: "Store", config: "HubConfig", wanted: str | None) -> str:
    """The one asked for, or the only one."""
    from hub.config import ConfigError

    known = [person.patient_id for person in store.patients()]
    if wanted in known:
        return wanted
    if wanted is None and len(known) == 1:
        return known[0]
    names = ", ".join(known) or "nobody yet"
    problem = "whose history?" if wanted is None else f"{wanted!r} is not known;"
    raise ConfigError(config.path, "--patient", f"{problem} known are: {names}")


def _after_all(store: "Store", patient: str) -> datetime:
    now = datetime.now(UTC)
    return max(now, store.latest_at(patient) or now)
