"""The course of the period: trend chart, table by hour or day, and what the system itself reported."""

from collections.abc import Iterator

from pylatex import NoEscape

from edge.labels import BeatClass
from hub.burden import PeriodStatistics
from hub.health import judged
from hub.report.charts import bins, draw_trend
from hub.report.content import Content
from hub.report.drawing import to_pdf
from hub.report.latex import place, text
from hub.report.tables import long_table
from hub.wording import (
    class_text,
    count_text,
    duration_text,
    minute_text,
    percent_text,
    rate_text,
    short_moment_text,
)

_CHART = "trend.pdf"
_BY_INTERVALS = (
    "* By RR intervals alone, at least in part: the strap sent no ECG, so beats have no class and nobody can"
    " check the rhythm against a strip."
)
_NOTICE_COLUMNS = r"ll>{\raggedright\arraybackslash}p{52mm}>{\raggedright\arraybackslash}p{78mm}"
_NOTICE_NAMES = {
    "recording_started": "recording started",
    "recording_ended": "recording ended",
    "link_lost": "connection to the sensor lost",
    "link_restored": "connection to the sensor restored",
    "contact_lost": "the sensor did not touch the skin",
    "contact_restored": "the sensor touched the skin again",
    "battery_low": "the sensor's battery was low",
    "samples_lost": "samples lost",
    "frames_damaged": "damaged data frames",
    "samples_saturated": "signal beyond the sensor's range",
    "clock_step": "the clock was set",
    "edge_restarted": "the home computer restarted",
    "disk_low": "space for recordings runs short",
    "disk_limit": "disk limit reached",
    "recording_damaged": "raw samples damaged on disk",
    "leads_limit": "leads that are not analysed",
    "outbox_limit": "limit of unsent events reached",
    "outbox_damaged": "waiting events were damaged",
    "localizer_unavailable": "language model not available",
    "localizer_dropped": "language model skipped episodes",
    "model_taken_back": "a new model was taken back",
    "analysis_restarted": "analysis restarted",
}


def trend(content: Content, pictures: dict[str, bytes]) -> Iterator[NoEscape]:
    """The chart, which puts its picture into `pictures`."""
    columns = bins(list(content.minutes))
    if not columns:
        return
    drawing = draw_trend(columns, content.zone)
    pictures[_CHART] = to_pdf(drawing)
    first, last = columns[0].start_at, columns[-1].start_at + columns[-1].length
    caption = (
        f"From {minute_text(first, content.zone)} to {minute_text(last, content.zone)}; "
        "the period holds no data outside this range."
    )
    yield NoEscape(
        rf"\needspace{{100mm}}\subsection*{{Course}}\noindent {place(drawing, _CHART)}\par"
        rf"\vspace{{1mm}}{{\small\color{{quiet}}{text(caption)}}}\par"
    )


def table(content: Content) -> Iterator[NoEscape]:
    """Figures by hour or by day."""
    rows = [_row(name, stats) for name, stats in content.rows()]
    if not rows:
        return
    heading = (
        "Time",
        "Worn",
        "Analysable",
        "Lowest",
        "Mean",
        "Highest",
        "Beats",
        "V",
        "V %",
        "S",
        "S %",
        "AF time",
    )
    name = "By hour" if content.is_by_hour() else "By day"
    yield NoEscape(rf"\needspace{{40mm}}\subsection*{{{name}}}")
    yield long_table("lrrrrrrrrrrr", heading, rows)
    if any(stats.intervals_s for _, stats in content.rows()):
        yield NoEscape(rf"{{\small\color{{quiet}}{text(_BY_INTERVALS)}}}\par")


def notices(content: Content) -> Iterator[NoEscape]:
    """Gaps, lost links and reached limits, oldest first."""
    yield NoEscape(r"\needspace{30mm}\subsection*{System notices}")
    if not content.notices:
        yield NoEscape(rf"{text('The system reported nothing in this period.')}\par")
        return
    rows = [
        (
            text(short_moment_text(notice.at, content.zone)),
            text(notice.device_id),
            text(_NOTICE_NAMES.get(notice.code, notice.code)),
            text(notice.text),
        )
        for notice in content.notices
    ]
    yield long_table(_NOTICE_COLUMNS, ("Time", "Device", "What", "Details"), rows)


def lasted(content: Content) -> Iterator[NoEscape]:
    """What was wrong with the devices for a minute and more, oldest first."""
    if not content.lasted:
        return
    yield NoEscape(r"\needspace{30mm}\subsection*{What was wrong with the devices}")
    rows = [
        (
            text(short_moment_text(one.trouble.since, content.zone)),
            text(duration_text((one.heard_at - one.trouble.since).total_seconds())),
            text(one.device_id),
            text(judged([one.trouble])[0].name),
            text(one.trouble.text),
        )
        for one in content.lasted
    ]
    ragged = r">{\raggedright\arraybackslash}"
    columns = rf"lrl{ragged}p{{48mm}}{ragged}p{{60mm}}"
    yield long_table(columns, ("Since", "For", "Device", "What", "Last told"), rows)


def _row(name: str, stats: PeriodStatistics) -> tuple[NoEscape, ...]:
    lowest, highest = stats.min_heart_rate, stats.max_heart_rate
    ventricular, supraventricular = (
        class_text(stats, kind) for kind in (BeatClass.VENTRICULAR, BeatClass.SUPRAVENTRICULAR)
    )
    cells = (
        name + (" *" if stats.intervals_s else ""),
        duration_text(stats.wear_s),
        duration_text(stats.analysable_s),
        rate_text(lowest.value if lowest else None),
        rate_text(stats.mean_heart_rate_bpm),
        rate_text(highest.value if highest else None),
        count_text(stats.total_beats),
        ventricular,
        percent_text(stats.ventricular_percent),
        supraventricular,
        percent_text(stats.supraventricular_percent),
        duration_text(stats.af_s),
    )
    return tuple(text(cell) for cell in cells)
