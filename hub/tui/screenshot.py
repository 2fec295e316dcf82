"""The dashboard as a picture, without a terminal."""

import asyncio
import re
from pathlib import Path
from typing import Final

from hub.tui.app import DashboardApp
from hub.tui.source import Source

_WEB_FONTS: Final = re.compile(r"@font-face\s*\{.*?\}", re.DOTALL)


class ScreenshotError(Exception):
    """What was asked for cannot be shown."""

    for_user = True


def save(
    source: Source, patient_id: str | None, size: tuple[int, int], episode: str | None, path: Path
) -> None:
    """Write an SVG of the dashboard, or of an episode (`first` is the newest); it loads nothing from afar."""
    svg = asyncio.run(_picture(source, patient_id, size, episode))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_WEB_FONTS.sub("", svg), encoding="utf-8")


async def _picture(source: Source, patient_id: str | None, size: tuple[int, int], episode: str | None) -> str:
    app = DashboardApp(source, patient_id)
    async with app.run_test(size=size) as pilot:
        await app.shown.wait()
        await pilot.pause()
        if episode is not None:
            _open(app, episode)
        await pilot.pause()
        await pilot.pause()
        return app.export_screenshot(title="Hearth")


def _open(app: DashboardApp, episode: str) -> None:
    history = app.look.history if app.look else None
    for one in history.episodes if history else ():
        if episode in ("first", str(one.episode_id), one.episode_id.hex):
            app.open_episode(one.episode_id)
            return
    raise ScreenshotError(f"--episode: {episode!r} is not among the patient's episodes of the latest 7 days")
