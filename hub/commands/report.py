"""Write the report of a patient as PDF: summary, course, episodes with strips at 25 mm/s and 10 mm/mV.

Without a period it covers the seven days that end at the latest data.

    hearth report --config hub.toml --patient patient-1
    hearth report --config hub.toml --patient patient-1 --week 2026-W47 --out week.pdf
    hearth report --config hub.toml --patient patient-1 --from 2026-11-16T08:00 --to 2026-11-17
"""

import argparse
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.report.content import Period

HELP = "write a patient's report as PDF"
_MOST_STRIPS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of `hearth report`."""
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="hub.toml")
    parser.add_argument("--patient", metavar="ID", help="patient id (default: the only one)")
    parser.add_argument("--week", metavar="YYYY-Www", help="an ISO week, e.g. 2026-W47")
    parser.add_argument(
        "--from", dest="from_at", metavar="TIME", help="ISO 8601, in the hub's zone if none is given"
    )
    parser.add_argument("--to", dest="to_at", metavar="TIME", help="likewise; not part of the period")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: PATIENT-DATE.pdf here")
    parser.add_argument("--strips-per-finding", type=_count, default=3, metavar="N", help="default: 3")
    parser.add_argument("--footnote", metavar="TEXT", help="a last line, e.g. where the recording is from")


def run(arguments: argparse.Namespace) -> int:
    """Gather, typeset, say where it is."""
    from hub.config import load
    from hub.report.content import Options, gather
    from hub.report.document import write_report
    from hub.store import Store

    config = load(arguments.config)
    period = _period(arguments, config.time_zone)
    patient_id = arguments.patient or _only_patient([patient.id for patient in config.patients])
    options = Options(arguments.strips_per_finding, arguments.footnote)
    with Store.open(config.database_url) as store:
        content = gather(store, patient_id, period, config.time_zone, options)
    name = f"{patient_id}-{content.period.to_at:%Y-%m-%d}.pdf"
    print(write_report(content, arguments.out or Path(name)))
    return 0


def _only_patient(ids: list[str]) -> str:
    from hub.report.errors import ReportError

    if len(ids) != 1:
        raise ReportError(f"--patient: which one? There are {', '.join(ids)}")
    return ids[0]


def _period(arguments: argparse.Namespace, zone: tzinfo) -> "Period | None":
    from hub.report.content import Period
    from hub.report.errors import ReportError

    if arguments.week and (arguments.from_at or arguments.to_at):
        raise ReportError("--week: give either a week or --from and --to")
    if arguments.week:
        start = _time("--week", f"{arguments.week}-1", zone)
        return Period(start, start + timedelta(days=7))
    if not arguments.from_at and not arguments.to_at:
        return None
    if not (arguments.from_at and arguments.to_at):
        raise ReportError("--from and --to belong together")
    start, end = _time("--from", arguments.from_at, zone), _time("--to", arguments.to_at, zone)
    if start >= end:
        raise ReportError(f"--to: {arguments.to_at} is not after --from {arguments.from_at}")
    return Period(start, end)


def _time(option: str, text: str, zone: tzinfo) -> datetime:
    from hub.report.errors import ReportError

    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ReportError(f"{option}: {text.removesuffix('-1')!r} is not an ISO 8601 time or week") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _count(text: str) -> int:
    number = int(text)
    if not 0 <= number <= _MOST_STRIPS:
        raise argparse.ArgumentTypeError(f"between 0 and {_MOST_STRIPS}")
    return number
