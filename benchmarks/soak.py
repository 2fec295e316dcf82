"""A day of real records through a running edge and hub, faster than life: memory, descriptors and CPU.

    python -m benchmarks.soak --data DIR --speed 60 --out docs

Writes soak.md and pictures/soak.png: the 48 half hours of MIT-BIH as one day, first signal, by `replay://`.
"""

import argparse
import json
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import wfdb
from tqdm import tqdm

HEARTH = str(Path(sys.executable).with_name("hearth"))
FS_HZ = 360
_EVERY_S = 5.0
_SETTLED = 1 / 24  # of the day: the first hour fills the memories that are meant to be filled
_MOST_CPU, _MOST_GROWTH_MB = 10.0, 8.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process; `signal_s` is how much ECG it has had."""

    signal_s: float
    rss_mb: float
    descriptors: int
    threads: int
    cpu_s: float


def write_day(data: Path, out: Path, hours: float) -> Path:
    """One WFDB record of first signals, one after the other, until it is long enough."""
    names = sorted(path.stem for path in (data / "mitdb").glob("*.hea"))
    wanted = int(hours * 3600 * FS_HZ)
    with (out / "day.dat").open("wb") as file:
        for name in cycle(names):
            record = wfdb.rdrecord(str(data / "mitdb" / name), channels=[0])
            uv = np.rint(np.nan_to_num(record.p_signal[:wanted, 0]) * 1000).astype("<i2")
            file.write(uv.tobytes())
            wanted -= len(uv)
            if wanted <= 0:
                break
    n = (out / "day.dat").stat().st_size // 2
    (out / "day.hea").write_text(f"day 1 {FS_HZ} {n}\nday.dat 16 1000(0)/mV 16 0 0 0 0 MLII\n")
    return out / "day"


@contextmanager
def running(folder: Path, name: str, *arguments: str) -> Iterator[psutil.Popen]:
    """A `hearth` process that logs to a file."""
    with (folder / f"{name}.log").open("wb") as log:
        process = psutil.Popen([HEARTH, *arguments], cwd=folder, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.is_running():
                process.terminate()
            process.wait(60)


def write_configs(folder: Path, record: Path, speed: float) -> None:
    """A hub with its own broker, and an edge without language model."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    for name in ("hub", "strap-1"):
        (folder / f"{name}.password").write_text(f"{name} secret")
        (folder / f"{name}.password").chmod(0o600)
    (folder / "hub.toml").write_text(
        f'[hub]\ndatabase = "hub.db"\n[mqtt]\nmode = "embedded"\nport = {port}\n'
        'password_file = "hub.password"\n[[patients]]\nid = "patient-1"\nname = "Soak"\n'
        '[[devices]]\nid = "strap-1"\npatient = "patient-1"\npassword_file = "strap-1.password"\n'
    )
    (folder / "edge.toml").write_text(
        f'[device]\nuri = "replay://{record}?speed={speed:g}"\ndevice_id = "strap-1"\n'
        'patient_id = "patient-1"\nstart_at = 2026-01-05T00:00:00Z\n[storage]\nfolder = "edge"\n'
        f'[model]\nlanguage_model = "none"\n[mqtt]\nport = {port}\npassword_file = "strap-1.password"\n'
    )


def look(process: psutil.Popen, signal_s: float) -> Sample:
    """The process now."""
    with process.oneshot():
        times = process.cpu_times()
        rss_mb = process.memory_info().rss / 1e6
        return Sample(signal_s, rss_mb, process.num_fds(), process.num_threads(), times.user + times.system)


def analysed_s(folder: Path) -> float:
    """How far the edge is, by its newest checkpoint."""
    path = folder / "edge" / "outbox.sqlite"
    if not path.is_file():
        return 0.0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        row = database.execute("SELECT MAX(next_index) FROM checkpoint").fetchone()
    return (row[0] or 0) / FS_HZ


def soak(folder: Path, hours: float) -> dict[str, list[Sample]]:
    """Samples of both processes until the edge has sent everything and ended."""
    found: dict[str, list[Sample]] = {"edge": [], "hub": []}
    with ExitStack() as stack:
        hub = stack.enter_context(running(folder, "hub", "hub", "--config", "hub.toml"))
        time.sleep(3)
        edge = stack.enter_context(running(folder, "edge", "edge", "--config", "edge.toml"))
        bar = stack.enter_context(tqdm(total=round(hours * 3600), unit=" s of ECG", unit_scale=True))
        while edge.poll() is None:
            signal_s = analysed_s(folder)
            try:
                found["edge"].append(look(edge, signal_s))
                found["hub"].append(look(hub, signal_s))
            except psutil.NoSuchProcess:
                break
            bar.update(round(signal_s) - bar.n)
            time.sleep(_EVERY_S)
        if edge.wait() != 0:
            log = (folder / "edge.log").read_text()[-2000:]
            raise SystemExit(f"the edge ended with {edge.returncode}:\n{log}")
    return found


def summary(samples: list[Sample]) -> dict[str, float]:
    """Figures of one process, memory and descriptors from the first hour on."""
    samples = [one for one in samples if one.signal_s]
    settled = [one for one in samples if one.signal_s >= samples[-1].signal_s * _SETTLED]
    hours = np.array([one.signal_s for one in settled]) / 3600
    rss = np.array([one.rss_mb for one in settled])
    tenth = max(1, len(rss) // 10)
    return {
        "memory at 1 h, MB": float(np.median(rss[:tenth])),
        "memory at the end, MB": float(np.median(rss[-tenth:])),
        "most memory, MB": float(rss.max()),
        "growth by a line, MB a day": float(np.polyfit(hours, rss, 1)[0] * 24),
        "descriptors at 1 h": settled[0].descriptors,
        "most descriptors": max(one.descriptors for one in settled),
        "most threads": max(one.threads for one in settled),
        "CPU at real time, % of a core": 100 * samples[-1].cpu_s / samples[-1].signal_s,
    }


def counted(folder: Path) -> str:
    """What reached the hub."""
    told = subprocess.run(
        [HEARTH, "status", "--config", "hub.toml", "--json", "--since", "2026-01-01T00:00:00Z"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    statistics = json.loads(told)["patients"][0]["statistics"]
    return f"{sum(statistics['beats'].values())} beats in {statistics['wear_s'] / 3600:.2f} h reached the hub"


def page(figures: dict[str, dict[str, float]], reached: str, command: str) -> str:
    """The page in Markdown."""
    edge = figures["edge"]
    lines = [
        "# Soak: a day of real records",
        "",
        f"`{command}`",
        "",
        "* The 48 half hours of MIT-BIH, first signal, as one day through a running edge and hub (embedded"
        f" broker, SQLite), the encoder on, the language model off. {reached}.",
        f"* Bars: CPU under {_MOST_CPU:g} % of a core at real time:"
        f" {edge['CPU at real time, % of a core']:.2f} %;"
        f" memory flat after the first hour (under {_MOST_GROWTH_MB:g} MB a day):"
        f" {edge['growth by a line, MB a day']:.1f} MB; descriptors:"
        f" {edge['descriptors at 1 h']:g} at the first hour, {edge['most descriptors']:g} at most.",
        "",
        "![memory, descriptors and CPU](pictures/soak.png)",
        "",
        "| | edge | hub |",
        "|---|---:|---:|",
    ]
    lines += [f"| {name} | {edge[name]:.2f} | {figures['hub'][name]:.2f} |" for name in edge]
    return "\n".join(lines) + "\n"


def cpu_percent(samples: list[Sample]) -> np.ndarray:
    """Of a core at real time, over the ten minutes before each look."""
    signal_s, cpu_s = (np.array([getattr(one, key) for one in samples]) for key in ("signal_s", "cpu_s"))
    before = np.maximum(0, np.searchsorted(signal_s, signal_s - 600) - 1)
    share: np.ndarray = 100 * (cpu_s - cpu_s[before]) / np.maximum(signal_s - signal_s[before], 60)
    return share


def plot(found: dict[str, list[Sample]], path: Path) -> None:
    """Three panels over hours of signal."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(3, 1, figsize=(8, 7), sharex=True, layout="constrained")
    for name, samples in found.items():
        hours = [one.signal_s / 3600 for one in samples]
        smooth = cpu_percent(samples)
        for axis, values in zip(
            axes, ([s.rss_mb for s in samples], [s.descriptors for s in samples], smooth), strict=True
        ):
            axis.plot(hours, values, label=name)
    for axis, label in zip(
        axes, ("memory, MB", "descriptors", "CPU, % of a core\nat real time"), strict=True
    ):
        axis.set_ylabel(label)
        axis.set_ylim(bottom=0)
        axis.grid(alpha=0.3)
    axes[0].legend()
    axes[-1].set_xlabel("hours of ECG")
    figure.savefig(path, dpi=110)


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/")
    parser.add_argument("--hours", type=float, default=24.0, help="of ECG (default 24)")
    parser.add_argument("--speed", type=float, default=60.0, help="times real time (default 60)")
    parser.add_argument("--out", type=Path, default=Path("docs"))
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_configs(folder, write_day(arguments.data, folder, arguments.hours), arguments.speed)
        found = soak(folder, arguments.hours)
        reached = counted(folder)
    (arguments.out / "pictures").mkdir(parents=True, exist_ok=True)
    figures = {name: summary(samples) for name, samples in found.items()}
    command = f"python -m benchmarks.soak --data DIR --hours {arguments.hours:g} --speed {arguments.speed:g}"
    (arguments.out / "soak.md").write_text(page(figures, reached, command))
    plot(found, arguments.out / "pictures" / "soak.png")
    print(json.dumps(figures, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
