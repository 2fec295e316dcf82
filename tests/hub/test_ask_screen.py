"""Questions from the dashboard, against a real store and the embedded broker; no edge runs here."""

import asyncio
import socket
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from textual.widgets import Input

from edge.events import EpisodeEvent, LiveState, MinuteEvent
from edge.labels import BeatClass, Finding, Priority, Rhythm
from hub.broker import EmbeddedBroker
from hub.config import load
from hub.store import Store
from hub.tui import ask_screen
from hub.tui.app import DashboardApp
from hub.tui.ask_screen import AskScreen
from hub.tui.source import Source

NOW = datetime.now(UTC).replace(microsecond=0)
IDS = {"device_id": "strap-1", "patient_id": "anna", "recording_id": UUID(int=7)}
EPISODE = uuid5(UUID(int=7), "episode")


@pytest.fixture
def config(hub_toml):
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port = listener.getsockname()[1]
    return load(hub_toml("anna", "josef", port=port))


@pytest.fixture
def store(config):
    """One hour with ventricular beats and an episode; Josef has nothing."""
    with Store.open(config.database_url) as opened:
        for index in range(60):
            opened.add_event(
                MinuteEvent(
                    **IDS, event_id=uuid5(EPISODE, str(index)), start_at=NOW - timedelta(minutes=60 - index),
                    wear_s=60, analysable_s=60, beats={BeatClass.NORMAL: 69, BeatClass.VENTRICULAR: 1},
                    rhythm_s={Rhythm.NON_AF: 60}, mean_heart_rate_bpm=70,
                ),
                NOW,
            )  # fmt: skip
        onset = NOW - timedelta(minutes=9)
        opened.add_event(
            EpisodeEvent(
                **IDS, event_id=EPISODE, episode_id=EPISODE, phase="end", finding=Finding.VENTRICULAR_COUPLET,
                priority=Priority.LOW, onset_at=onset, observed_until_at=onset + timedelta(seconds=4),
                end_at=onset + timedelta(seconds=4), end_reason="ended", confidence=0.9, seen_by=("rule",),
            ),
            NOW,
        )  # fmt: skip
        opened.ensure_patient("josef", "Josef Huber")
        yield opened


@pytest.fixture
def broker(config):
    passwords = {"hub": "secret", "strap-1": "secret"}
    running = EmbeddedBroker(config.mqtt.host, config.mqtt.port, "hub", passwords)
    running.start()
    yield running
    running.stop()


def shown(app):
    return "\n".join(row.text for row in app.screen._compositor.render_strips())


async def opened(app, pilot, *keys):
    await asyncio.wait_for(app.shown.wait(), 20)
    await pilot.pause()
    for key in (*keys, "a"):
        await pilot.press(key)
        await pilot.pause(0.2)
    assert isinstance(app.screen, AskScreen)


async def said(app, pilot, question, within_s=30.0):
    """The screen once the question is settled."""
    n_before = len(app.screen.said)
    app.screen.query_one(Input).value = question
    await pilot.press("enter")
    async with asyncio.timeout(within_s):
        while len(app.screen.said) == n_before:
            await pilot.pause(0.05)
    await pilot.pause()
    return " ".join(shown(app).replace("│", " ").split())


async def test_an_answer_cites_episodes_and_passages(config, store):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(140, 44)) as pilot:
        await opened(app, pilot)
        assert "What is bigeminy?" in shown(app)
        text = await said(app, pilot, "how many PVCs?")
        assert "60 ventricular beats of 4 200 (1.4 %)" in text
        text = await said(app, pilot, "when was my last couplet?")
        assert EPISODE.hex[:8] in text
        text = await said(app, pilot, "What is bigeminy?")
        assert "Sources: " in text
        assert text.index("What is bigeminy?") < text.index("when was my last couplet?"), "the newest first"
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, AskScreen)


async def test_it_is_about_the_patient_who_is_selected(config, store):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(140, 44)) as pilot:
        await opened(app, pilot, "n")
        assert "Ask about Josef Huber" in shown(app)
        assert "Nothing has been recorded yet." in await said(app, pilot, "how was my week?")


async def test_no_answer_is_told_in_words(config, store):
    app = DashboardApp(Source(config))
    async with app.run_test(size=(140, 44)) as pilot:
        await opened(app, pilot)
        assert "This was not understood." in await said(app, pilot, "colourless green ideas")
        assert "Hearth gives no advice on medicines" in await said(app, pilot, "should I take aspirin?")
        text = await said(app, pilot, "what do you see now?")
        assert f"No answer: mqtt broker 127.0.0.1:{config.mqtt.port} cannot be reached" in text
        text = await said(app, pilot, "look at episode ffffffff")
        assert "No answer: episode ffffffff: there is none" in text


async def test_the_dashboard_lives_while_the_edge_is_waited_for(config, store, broker, monkeypatch):
    """No edge answers: the deadline passes, and meanwhile an alarm comes up over the question."""
    monkeypatch.setattr(ask_screen, "DEADLINE_S", 10.0)
    app = DashboardApp(Source(config))
    async with app.run_test(size=(140, 44)) as pilot:
        await opened(app, pilot, "enter")
        assert f"ventricular couplet {EPISODE.hex[:8]}" in shown(app)
        app.screen.query_one(Input).value = "What happened here?"
        await pilot.press("enter")
        app.screen.query_one(Input).value = "And another?"
        await pilot.press("enter")
        state = LiveState(device_id="strap-1", patient_id="anna", at=NOW, link="connected", contact=False)
        store.set_state(state, datetime.now(UTC))
        alarms = []
        async with asyncio.timeout(30):
            while app.screen.is_busy:
                await pilot.pause(0.1)
                alarms += [line for line in shown(app).splitlines()[:2] if app.screen.is_busy]
        assert any("NO SKIN CONTACT" in line for line in alarms)
        await pilot.pause()
        text = " ".join(shown(app).replace("│", " ").split())
        assert "strap-1 has not been heard by this broker; is its edge running?" in text
        assert app.screen.query_one(Input).value == "And another?", "one question at a time"


async def test_leaving_and_closing_do_not_wait_for_the_edge(config, store, broker):
    app = DashboardApp(Source(config))
    async with asyncio.timeout(28), app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        app.screen.query_one(Input).value = "what do you see now?"
        await pilot.press("enter")
        await pilot.pause(0.3)
        await pilot.press("escape")
        await pilot.pause()
        await pilot.press("a")
        await pilot.pause(0.2)
        assert not app.screen.is_busy
