"""From the ask screen through the broker to an edge that records, and back; all real processes."""

import asyncio

import pytest
from textual.widgets import Input

from hub.config import load
from hub.tui.app import DashboardApp
from hub.tui.source import Source

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(240)]


async def test_the_edge_answers_the_dashboard(household, toy_record) -> None:
    household.write_edge(f"replay://{toy_record}?speed=3")
    household.start_hub()
    household.start_edge()
    await asyncio.to_thread(household.wait_until, lambda: household.episodes(), "an episode is stored", 120)
    app = DashboardApp(Source(load(household.folder / "hub.toml")))
    async with app.run_test(size=(140, 44)) as pilot:
        await asyncio.wait_for(app.shown.wait(), 20)
        await pilot.press("a")
        await pilot.pause(0.3)
        app.screen.query_one(Input).value = "What do you see in the last 20 seconds?"
        await pilot.press("enter")
        async with asyncio.timeout(60):
            while not app.screen.said:
                await pilot.pause(0.2)
        (said,) = app.screen.said
        assert said.answer is not None, said.failure
        assert said.answer.status == "answered", said.answer.sentences
        assert said.answer.signal.evidence[0].seconds == pytest.approx(20, abs=1)
        await pilot.pause()
        shown = "\n".join(row.text for row in app.screen._compositor.render_strips())
        assert "heart rate" in shown
        assert "Window: 20 s from" in shown
