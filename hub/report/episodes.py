"""The episodes: the first of each finding with their strips, then a table of all."""

from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from pylatex import NoEscape

from edge.events import Strip
from edge.labels import FINDING_NAMES, Finding
from hub.burden import duration_s
from hub.records import Episode
from hub.report.content import Content
from hub.report.drawing import Colour, to_pdf
from hub.report.latex import bold, coloured, italic, place, text
from hub.report.strips import LINE_S, Mark, draw_line
from hub.report.tables import PRIORITY_COLOURS, long_table, priority_cell
from hub.strip import limits_mv, split_lines, strip_duration_s
from hub.wording import (
    NO_BREAK,
    beats_text,
    duration_text,
    finding_text,
    found_name,
    milliseconds_text,
    moment_text,
    no_sentence_text,
    no_strip_text,
    phase_text,
    rate_text,
    short_moment_text,
    witnesses_text,
)

_MAX_LINES = 6
_LINES_KEPT_TOGETHER = 3
_PAGE_MM = 220.0
_MODEL: Colour = (0.25, 0.30, 0.65)


def strips(content: Content, pictures: dict[str, bytes]) -> Iterator[NoEscape]:
    """The longest episodes of each finding, and by how much the rest was cut."""
    if not content.episodes:
        return
    shown = _chosen(content)
    yield NoEscape(r"\needspace{110mm}\section*{Episodes with strips}")
    yield _how_many_shown(content.episodes, shown)
    for number, episode in enumerate(content.episodes, 1):
        if episode.episode_id in shown:
            yield from _episode(number, episode, content, pictures)


def _chosen(content: Content) -> set[UUID]:
    """Of each finding the longest episodes, those with a strip before those without."""
    chosen: set[UUID] = set()
    taken: Counter[Finding] = Counter()
    for episode in sorted(content.episodes, key=lambda e: (e.strip is None, -duration_s(e), e.onset_at)):
        if taken[episode.finding] < content.options.strips_per_finding:
            taken[episode.finding] += 1
            chosen.add(episode.episode_id)
    return chosen


def table(content: Content) -> Iterator[NoEscape]:
    """One row for each episode."""
    if not content.episodes:
        return
    yield NoEscape(r"\needspace{60mm}\section*{All episodes}")
    heading = ("No.", "Onset", "Finding", "Priority", "Duration", "Rate", "Longest RR", "Beats", "State")
    rows = [_row(number, episode, content) for number, episode in enumerate(content.episodes, 1)]
    yield long_table("rlllrrrll", heading, rows)


def _how_many_shown(episodes: tuple[Episode, ...], shown: set[UUID]) -> NoEscape:
    of_all = Counter(episode.finding for episode in episodes)
    here = Counter(episode.finding for episode in episodes if episode.episode_id in shown)
    parts = [
        f"{finding_text(finding)}: {here[finding]} of {count} shown" for finding, count in of_all.items()
    ]
    words = (
        "The longest of each finding, by priority and time. "
        + "; ".join(part.replace(" ", NO_BREAK) for part in parts)
        + "."
    )
    return NoEscape(rf"\noindent {_quiet(words)}\par\vspace{{4mm}}")


def _episode(
    number: int, episode: Episode, content: Content, pictures: dict[str, bytes]
) -> Iterator[NoEscape]:
    """Heading and first lines on one page; a long strip goes on over the next."""
    head = _heading(number, episode, content)
    if episode.strip is None:
        yield NoEscape(rf"\episode{{{head}{_quiet(no_strip_text(episode.seen_by))}}}")
        return
    lines, heights_mm, note = _strip_lines(number, episode, episode.strip, content, pictures)
    fits = sum(heights_mm) <= _PAGE_MM
    together, later = (lines, []) if fits else (lines[:_LINES_KEPT_TOGETHER], lines[_LINES_KEPT_TOGETHER:])
    foot = rf"\\{note}"
    first = r"\\".join([head, *together])
    yield NoEscape(rf"\episode{{{first}{foot if not later else ''}}}")
    for line in later:
        yield NoEscape(rf"\noindent {line}\par")
    if later:
        yield NoEscape(rf"{note}\par\vspace{{4mm}}")


def _heading(number: int, episode: Episode, content: Content) -> NoEscape:
    title = coloured(bold(f"{number}  {finding_text(episode.finding)}"), PRIORITY_COLOURS[episode.priority])
    seen = f"Seen by {witnesses_text(episode.seen_by)}; confidence {100 * episode.confidence:.0f} %."
    return NoEscape(
        rf"{{\large {title}}}\hspace{{3mm}}{priority_cell(episode.priority)}\hfill "
        rf"{bold(moment_text(episode.onset_at, content.zone))}\\"
        rf"{text(' · '.join(_facts(episode)))}\\{_quiet(seen)}\\{_sentence(episode)}"
    )


def _facts(episode: Episode) -> Iterator[str]:
    """What is known of it; what is not is left out."""
    yield duration_text(duration_s(episode)) + ("" if episode.phase == "end" else " so far")
    if episode.heart_rate_bpm is not None:
        yield f"rate {rate_text(episode.heart_rate_bpm)}"
    if episode.longest_rr_ms is not None:
        yield f"longest RR {milliseconds_text(episode.longest_rr_ms)}"
    if any(episode.beats.values()):
        yield f"beats {beats_text(episode.beats)}"
    yield phase_text(episode)


def _marks(episode: Episode, strip: Strip) -> list[Mark]:
    """Where the episode lies on its strip, and where the language model places what it names."""
    onset_s = (episode.onset_at - strip.start_at).total_seconds()
    colour = PRIORITY_COLOURS[episode.priority]
    marks = [Mark(onset_s, onset_s + duration_s(episode), FINDING_NAMES[episode.finding], colour)]
    answer = episode.localization
    for found in answer.findings if answer else ():
        if "language_model" not in found.seen_by:
            continue
        name = f"language model: {found_name(found.finding)}"
        marks.append(Mark(found.start_s, found.end_s, name, _MODEL))
    return marks


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
) -> tuple[list[NoEscape], list[float], NoEscape]:
    marks = _marks(episode, strip)
    cut = split_lines(strip, LINE_S)
    lines, heights_mm = [], []
    for index, line in enumerate(cut[:_MAX_LINES], 1):
        drawing = draw_line(strip, line, limits_mv(line.mv), marks)
        name = f"strip-{number}-{index}.pdf"
        pictures[name] = to_pdf(drawing)
        lines.append(place(drawing, name))
        heights_mm.append(drawing.height_mm)
    start = moment_text(strip.start_at, content.zone)
    words = f"Lead {strip.lead}, 25 mm/s, 10 mm/mV, strip starts {start}"
    if len(cut) > _MAX_LINES:
        words += f", first {_MAX_LINES * LINE_S:.0f} s of {strip_duration_s(strip):.0f} s shown"
    return lines, heights_mm, _quiet(words)


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
