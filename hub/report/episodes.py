"""The episodes: the first of each finding with their strips, then a table of all."""

from collections import Counter
from collections.abc import Iterator

from pylatex import NoEscape

from edge.events import Strip
from edge.labels import Finding
from hub.burden import duration_s
from hub.records import Episode
from hub.report.content import Content
from hub.report.drawing import to_pdf
from hub.report.latex import bold, coloured, italic, place, text
from hub.report.strips import LINE_S, draw_line
from hub.report.tables import PRIORITY_COLOURS, long_table, priority_cell
from hub.strip import centred_mv, limits_mv, split_lines, strip_duration_s
from hub.wording import (
    beats_text,
    duration_text,
    finding_text,
    milliseconds_text,
    moment_text,
    no_sentence_text,
    phase_text,
    rate_text,
    short_moment_text,
    witnesses_text,
)

_MAX_LINES = 6
_LINES_KEPT_TOGETHER = 3


def strips(content: Content, pictures: dict[str, bytes]) -> Iterator[NoEscape]:
    """The first episodes of each finding, and by how much the rest was cut."""
    if not content.episodes:
        return
    yield NoEscape(r"\clearpage\section*{Episodes with strips}")
    shown: Counter[Finding] = Counter()
    of_all = Counter(episode.finding for episode in content.episodes)
    for number, episode in enumerate(content.episodes, 1):
        if shown[episode.finding] >= content.options.strips_per_finding:
            continue
        shown[episode.finding] += 1
        yield from _episode(number, episode, content, pictures)
    yield _how_many_shown(of_all, shown)


def table(content: Content) -> Iterator[NoEscape]:
    """One row for each episode."""
    if not content.episodes:
        return
    yield NoEscape(r"\clearpage\section*{All episodes}")
    heading = ("No.", "Onset", "Finding", "Priority", "Duration", "Rate", "Longest RR", "Beats", "State")
    rows = [_row(number, episode, content) for number, episode in enumerate(content.episodes, 1)]
    yield long_table("rlllrrrll", heading, rows)


def _how_many_shown(of_all: Counter[Finding], shown: Counter[Finding]) -> NoEscape:
    parts = [
        f"{finding_text(finding)}: {shown[finding]} of {count} shown" for finding, count in of_all.items()
    ]
    return NoEscape(
        rf"\par\medskip\noindent{{\small {bold('Strips in this report.')} {text('; '.join(parts))}.}}\par"
    )


def _episode(
    number: int, episode: Episode, content: Content, pictures: dict[str, bytes]
) -> Iterator[NoEscape]:
    """Heading and first lines on one page; a long strip goes on over the next."""
    head = _heading(number, episode, content)
    if episode.strip is None:
        yield NoEscape(rf"\episode{{{head}{_quiet('No strip came with this episode.')}}}")
        return
    lines, note = _strip_lines(number, episode, episode.strip, content, pictures)
    together, later = lines[:_LINES_KEPT_TOGETHER], lines[_LINES_KEPT_TOGETHER:]
    foot = rf"\\{note}"
    first = r"\\[1mm]".join([head, *together])
    yield NoEscape(rf"\episode{{{first}{foot if not later else ''}}}")
    for index, line in enumerate(later, 1):
        yield NoEscape(rf"\noindent {line}{foot if index == len(later) else ''}\par\vspace{{1mm}}")


def _heading(number: int, episode: Episode, content: Content) -> NoEscape:
    title = coloured(bold(f"{number}  {finding_text(episode.finding)}"), PRIORITY_COLOURS[episode.priority])
    facts = [
        duration_text(duration_s(episode)) + ("" if episode.phase == "end" else " so far"),
        f"rate {rate_text(episode.heart_rate_bpm)}",
        f"longest RR {milliseconds_text(episode.longest_rr_ms)}",
        f"beats {beats_text(episode.beats)}",
        phase_text(episode),
    ]
    seen = f"Seen by {witnesses_text(episode.seen_by)}; confidence {100 * episode.confidence:.0f} %."
    return NoEscape(
        rf"{{\large {title}}}\hspace{{3mm}}{priority_cell(episode.priority)}\hfill "
        rf"{bold(moment_text(episode.onset_at, content.zone))}\\"
        rf"{text('  ·  '.join(facts))}\\{_quiet(seen)}\\{_sentence(episode)}"
    )


def _sentence(episode: Episode) -> NoEscape:
    """The language model's words, always marked as such, or why there are none."""
    answer = episode.localization
    if answer is None or not answer.sentence:
        return _quiet(f"No machine-written sentence: {no_sentence_text(answer)}.")
    model = f" ({answer.model})" if answer.model else ""
    return NoEscape(
        rf"{text('Machine-written' + model + ', check it against the strip: ')}{italic(answer.sentence)}"
    )


def _strip_lines(
    number: int, episode: Episode, strip: Strip, content: Content, pictures: dict[str, bytes]
) -> tuple[list[NoEscape], NoEscape]:
    limits = limits_mv(centred_mv(strip))
    cut = split_lines(strip, LINE_S)
    lines = []
    for index, line in enumerate(cut[:_MAX_LINES], 1):
        drawing = draw_line(strip, line, limits, episode.localization)
        name = f"strip-{number}-{index}.pdf"
        pictures[name] = to_pdf(drawing)
        lines.append(place(drawing, name))
    start = moment_text(strip.start_at, content.zone)
    words = f"Lead {strip.lead}   25 mm/s   10 mm/mV   starts {start}"
    if len(cut) > _MAX_LINES:
        words += f"   first {_MAX_LINES * LINE_S:.0f} s of {strip_duration_s(strip):.0f} s shown"
    return lines, _quiet(words)


def _quiet(words: str) -> NoEscape:
    return NoEscape(rf"{{\small\color{{quiet}}{text(words)}}}")


def _row(number: int, episode: Episode, content: Content) -> tuple[NoEscape, ...]:
    return (
        text(str(number)),
        text(short_moment_text(episode.onset_at, content.zone)),
        text(finding_text(episode.finding)),
        priority_cell(episode.priority),
        text(duration_text(duration_s(episode))),
        text(rate_text(episode.heart_rate_bpm)),
        text(milliseconds_text(episode.longest_rr_ms)),
        text(beats_text(episode.beats)),
        text(phase_text(episode)),
    )
