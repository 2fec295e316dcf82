"""The course of the demo: start the household, watch, write the report, say what was seen."""

import subprocess
import time
from datetime import UTC, datetime

from edge.labels import FINDING_NAMES, BeatClass
from hub.burden import PeriodStatistics, period_statistics
from hub.config import load
from hub.demo.household import PATIENT_ID, STRAP_NAME, Household
from hub.demo.processes import Processes, hearth
from hub.demo.recording import DemoRecording
from hub.store import Store

_EVERYTHING = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
_PARTS = ("hub", "strap", "edge")
_LOOK_AROUND_S = 8.0


def play(
    household: Household, recording: DemoRecording, speed: float, signal: int, *, dashboard: bool
) -> None:
    """Play the recording through every part and leave the report."""
    with Processes(household.folder / "logs") as processes:
        processes.start("hub", ["hub", "--config", str(household.hub_config)])
        processes.start("strap", _strap(household, recording, speed, signal))
        processes.wait_for_line("hub", "connected", timeout_s=30)
        processes.start("edge", ["edge", "--config", str(household.edge_config)])
        if dashboard:
            _show_dashboard(household, processes)
        else:
            _print_progress(household, processes)
    _write_report(household)


def statistics(household: Household) -> PeriodStatistics:
    """What the hub's database holds, by the function that the dashboard and the PDF use."""
    with Store.open(load(household.hub_config).database_url) as store:
        return period_statistics(
            store.minutes(PATIENT_ID, *_EVERYTHING), store.episodes(PATIENT_ID, *_EVERYTHING)
        )


def _strap(household: Household, recording: DemoRecording, speed: float, signal: int) -> list[str]:
    return [
        *("devices", "virtual-h10", "--record", str(recording.path), "--signal", str(signal), "--once"),
        *("--seconds", f"{recording.duration_s:g}", "--speed", f"{speed:g}"),
        *("--listen", household.hci, "--name", STRAP_NAME),
    ]


def _print_progress(household: Household, processes: Processes) -> None:
    """A line whenever another ten seconds of heart have been analysed."""
    told_s = 0.0
    while not processes.ended("edge"):
        processes.check(_PARTS)
        seen = statistics(household)
        if seen.wear_s > told_s:
            told_s = seen.wear_s
            print(f"  {_minutes(seen.wear_s)} of ECG  {_line(seen)}", flush=True)
        time.sleep(1.0)


def _line(seen: PeriodStatistics) -> str:
    rate = "" if seen.mean_heart_rate_bpm is None else f"{seen.mean_heart_rate_bpm:3.0f} bpm  "
    return (
        f"{rate}{seen.total_beats} beats, {seen.beats[BeatClass.VENTRICULAR]} ventricular,"
        f" {sum(seen.episodes.values())} episodes"
    )


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"


def _show_dashboard(household: Household, processes: Processes) -> None:
    """The dashboard in this terminal, until the run is over and a few seconds more, or `q`."""
    command = ["tui", "--config", str(household.hub_config), "--until-file", str(household.finished_flag)]
    with subprocess.Popen([*hearth(), *command]) as screen:  # noqa: S603 our own command
        try:
            while screen.poll() is None and not processes.ended("edge"):
                time.sleep(0.5)
            if screen.poll() is None:
                time.sleep(_LOOK_AROUND_S)
        finally:
            household.finished_flag.touch()
    _print_progress(household, processes)


def _write_report(household: Household) -> None:
    seen = statistics(household)
    if not seen.wear_s:
        return
    command = ["report", "--config", str(household.hub_config), "--out", str(household.report)]
    footnote = ["--footnote", household.footnote] if household.footnote else []
    subprocess.run([*hearth(), *command, *footnote], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 our own command


def summary(household: Household, reference: dict[str, int] | None) -> str:
    """A few lines for the end of the demo."""
    seen = statistics(household)
    beats = ", ".join(f"{count} {beat}" for beat, count in seen.beats.items() if count)
    findings = ", ".join(f"{count} {FINDING_NAMES[name]}" for name, count in seen.episodes.items()) or "none"
    lines = [
        f"Seen      {_minutes(seen.wear_s)} of ECG, {_minutes(seen.analysable_s)} analysable: {beats} beats",
        f"Episodes  {findings}",
    ]
    if reference:
        lines.append(
            f"MIT-BIH   its annotators counted {', '.join(f'{n} {b}' for b, n in reference.items())}"
        )
    return "\n".join(lines)
