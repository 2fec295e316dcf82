"""The first page: who, when, what was found, and the summary."""

from collections.abc import Iterator
from datetime import UTC

from pylatex import NoEscape

from hub.burden import FindingStatistics
from hub.report.content import Content
from hub.report.latex import bold, text
from hub.report.tables import facts_table, long_table, priority_cell
from hub.wording import (
    NOTHING,
    beat_facts,
    count_text,
    duration_text,
    finding_text,
    moment_text,
    rate_facts,
    rate_text,
    recording_facts,
    rhythm_facts,
    short_moment_text,
)

_NOT_A_DEVICE = "Hearth is not a medical device. This report does not replace the judgement of a clinician."


def front_page(content: Content) -> Iterator[NoEscape]:
    """Header, summary and findings, in this order."""
    yield _header(content)
    yield _summary(content)
    yield NoEscape(r"\subsection*{Findings}")
    yield _findings(content)


def zone_text(content: Content) -> str:
    """`Europe/Paris (CET, UTC+0100)`, with both names where the clocks change in the period."""
    key = getattr(content.zone, "key", None) or "local time"
    if key == "UTC" or content.zone is UTC:
        return "UTC"
    ends = (content.period.from_at, content.period.to_at)
    names = dict.fromkeys(at.astimezone(content.zone).strftime("%Z, UTC%z") for at in ends)
    return f"{key} ({' then '.join(names)})"


def _header(content: Content) -> NoEscape:
    patient, period, zone = content.patient, content.period, content.zone
    rows = [
        ("Patient", bold(patient.name), "Device", text(", ".join(content.device_ids) or NOTHING)),
        ("Patient ID", text(patient.patient_id), "Report made", text(moment_text(content.made_at, zone))),
        ("From", text(moment_text(period.from_at, zone)), "Software", text(content.software)),
        ("To", text(moment_text(period.to_at, zone)), "Times are in", text(zone_text(content))),
    ]
    body = "\n".join(rf"{_quiet(a)} & {b} & {_quiet(c)} & {d} \\" for a, b, c, d in rows)
    columns = r"@{}p{19mm}p{70mm}p{22mm}p{64mm}@{}"
    return NoEscape(
        r"{\LARGE\bfseries ECG report}\hfill{\large\color{quiet} Hearth home ECG monitoring}\par\vspace{1mm}"
        rf"\hrule height 0.6pt\vspace{{2.5mm}}\begin{{tabular}}{{{columns}}}{body}\end{{tabular}}\par"
        rf"\vspace{{1.5mm}}\hrule height 0.3pt\vspace{{1.5mm}}{{\small\itshape {text(_NOT_A_DEVICE)}}}\par"
    )


def _quiet(words: str) -> str:
    return rf"\textcolor{{quiet}}{{{text(words)}}}"


def _summary(content: Content) -> NoEscape:
    stats, period = content.statistics(), content.period
    period_s = (period.to_at - period.from_at).total_seconds()
    left = facts_table("Recording", recording_facts(stats, period_s), 82)
    rates = facts_table("Heart rate", rate_facts(stats, content.zone), 93)
    beats = facts_table("Beats", beat_facts(stats), 82)
    rhythm = facts_table("Rhythm", rhythm_facts(stats), 93)
    return NoEscape(
        rf"\subsection*{{Summary}}\noindent {left}\hfill {rates}\par\vspace{{3mm}}"
        rf"\noindent {beats}\hfill {rhythm}\par"
    )


def _findings(content: Content) -> NoEscape:
    rows = [_finding_row(content, found) for found in content.findings()]
    if not rows:
        words = "No episodes in this period." if content.minutes else "There are no data in this period."
        return NoEscape(rf"{text(words)}\par")
    heading = ("Finding", "Priority", "Episodes", "Total time", "Longest", "at", "Fastest")
    return long_table("llrrrlr", heading, rows)


def _finding_row(content: Content, found: FindingStatistics) -> tuple[NoEscape, ...]:
    fastest = found.fastest_bpm.value if found.fastest_bpm else None
    return (
        text(finding_text(found.finding)),
        priority_cell(found.priority),
        text(count_text(found.episodes)),
        text(duration_text(found.total_s)),
        text(duration_text(found.longest.value)),
        text(short_moment_text(found.longest.at, content.zone)),
        text(rate_text(fastest)),
    )
