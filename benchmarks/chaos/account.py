"""The account after a round: what the hub holds against an undisturbed run, and each raw sample."""

import json
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge.segment_files import read_blocks

_IDS = {"event_id", "recording_id", "episode_id"}
_OF_ANSWER = {"kind", "finding", "onset_at", "looked", "localization"}
_SHOWN = (
    "kind",
    "finding",
    "phase",
    "looked",
    "onset_at",
    "observed_until_at",
    "end_at",
    "start_at",
    "beats",
)
_COUNTED = ("samples_lost", "recording_damaged", "disk_limit")
_SAMPLES = re.compile(r"(\d+) samples")

Facts = Counter[str]


@dataclass(frozen=True, slots=True)
class Account:
    """What was found wrong, in words; how many raw samples are not kept, and how many were told missing."""

    wrong: tuple[str, ...]
    missing: int
    told: int


def facts(database: Path) -> Facts:
    """Every stored event that is no notice, by its content apart from ids, and how often it is there."""
    rows = _rows(database, "SELECT payload FROM events WHERE kind <> 'notice'")
    return Counter(_content(json.loads(payload)) for (payload,) in rows)


def settle(
    database: Path, outbox: Path, recordings: list[Path], raw_uv: npt.NDArray[np.int32], calm: Facts | None
) -> Account:
    """Compare what is on the disks to the facts of the calm run, and to what was sent, `[n, leads]`."""
    found = facts(database)
    calm = Counter(found.keys()) if calm is None else calm
    wrong = [f"not in the hub: {_short(fact)} x{n}" for fact, n in (calm - found).items()]
    wrong += [f"too much in the hub: {_short(fact)} x{n}" for fact, n in (found - calm).items()]
    wrong += [f"dead letter: {reason}" for (reason,) in _rows(database, "SELECT reason FROM dead_letters")]
    waiting = _rows(outbox, "SELECT COUNT(*) FROM outbox")[0][0]
    wrong += [f"{waiting} events still wait"] if waiting else []
    times, more = _kept(recordings, raw_uv)
    wrong += more
    missing, told = int((times == 0).sum()), _told(database)
    wrong += [f"{missing} raw samples are missing, {told} were told"] if missing > told else []
    wrong += ["raw samples are there twice"] if (times > 1).any() else []
    return Account(tuple(wrong), missing, told)


def _kept(recordings: list[Path], raw_uv: npt.NDArray[np.int32]) -> tuple[npt.NDArray[np.int64], list[str]]:
    times, wrong = np.zeros(len(raw_uv), np.int64), []
    for folder in recordings:
        for block in read_blocks(folder, raw_uv.shape[1]):
            times[block.first_index : block.stop_index] += 1
            if not np.array_equal(block.ecg_uv, raw_uv[block.first_index : block.stop_index]):
                wrong.append(f"raw samples at {block.first_index} are not what was sent")
    return times, wrong


def _told(database: Path) -> int:
    """How many samples the notices speak of as not kept."""
    rows = _rows(database, "SELECT payload FROM events WHERE kind = 'notice'")
    notices = [json.loads(payload) for (payload,) in rows]
    texts = [notice["text"] for notice in notices if notice["code"] in _COUNTED]
    return sum(int(n) for text in texts for n in _SAMPLES.findall(text))


def disk_was_full(database: Path) -> bool:
    """The hub was told that the recorder could not write."""
    rows = _rows(database, "SELECT payload FROM events WHERE kind = 'notice'")
    return any("raw samples cannot be written" in json.loads(payload)["text"] for (payload,) in rows)


def _content(event: dict[str, Any]) -> str:
    """An answer of the language model is about an episode as it stood when it was asked, which may differ."""
    kept = _OF_ANSWER if event.get("looked") else event.keys() - _IDS
    return json.dumps({key: event[key] for key in kept if key in event}, sort_keys=True)


def _short(fact: str) -> str:
    event = json.loads(fact)
    return ", ".join(str(event[key]) for key in _SHOWN if key in event)


def _rows(database: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(database)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
