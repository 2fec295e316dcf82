"""What the virtual machine's run came to: every sample against what was played, and the moments of the link.

    python -m benchmarks.virtual_machine.bluetooth_account FOLDER/bluetooth

Ends with 1 where a sample that was sent did not arrive, arrived twice or elsewhere, or somebody failed.
"""

import asyncio
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.virtual_machine.hci_log import Session, sessions
from benchmarks.virtual_machine.played import FS_HZ, played_uv
from firmware_bridge.devices.polar_h10_frames import DEVICE_EPOCH_NS
from firmware_bridge.packets import Damage, HeartRate, SampleBlock
from firmware_bridge.transport import TransportError
from firmware_bridge.transports import open_transport

_STRAP = "Polar H10 00000001"
_PLAYED = re.compile(r"played (\d+) samples, sent (\d+)")


@dataclass(slots=True)
class Heard:
    """What one watcher received; samples, but for the heart rates and the blocks."""

    n: int = 0
    n_blocks: int = 0
    n_lost: int = 0
    n_wrong: int = 0
    n_heart_rates: int = 0
    n_damaged: int = 0


async def _heard(capture: Path) -> Heard:
    heard, end = Heard(), 0
    async with open_transport(f"capture://{capture}?device=polar_h10&speed=max") as transport:
        async for received in transport.packets():
            match received.packet:
                case SampleBlock() as block:
                    end = taken(heard, block, end)
                case HeartRate():
                    heard.n_heart_rates += 1
                case Damage():
                    heard.n_damaged += 1
    return heard


def taken(heard: Heard, block: SampleBlock, end: int) -> int:
    """Check a block against the place that the strap's clock gives it; the place of its end."""
    assert block.last_sample_ns, "the H10 has a clock"
    n, new_end = len(block.counts), round((block.last_sample_ns - DEVICE_EPOCH_NS) * FS_HZ / 1e9)
    is_right = new_end - n >= end and np.array_equal(block.counts[:, 0], played_uv(new_end - n, n))
    heard.n += n
    heard.n_blocks += 1
    heard.n_lost += block.lost_before
    heard.n_wrong += 0 if is_right else n
    return new_end


def _printed(number: int, session: Session) -> str:
    return (
        f"connection {number}: found after {session.after_s(session.found_s)}, connected after"
        f" {session.after_s(session.connected_s)}, first ECG after {session.after_s(session.first_ecg_s)};"
        f" ECG frames through the kernel {session.n_ecg_frames}"
    )


def main(result: Path) -> int:
    """Print the account; 0 where all is as it should be."""
    print((result / "steps.log").read_text().strip())
    for number, session in enumerate(sessions(result / "hci.btsnoop", _STRAP), 1):
        print(_printed(number, session))
    strap = _PLAYED.search((result / "strap.log").read_text())
    watchers = [asyncio.run(_heard(result / f"{name}.hcap")) for name in ("first", "second")]
    for name, heard in zip(("first", "second"), watchers, strict=True):
        print(
            f"{name} watcher: {heard.n_blocks} frames, {heard.n} samples, wrong {heard.n_wrong}, lost"
            f" {heard.n_lost}; heart rates {heard.n_heart_rates}; damaged {heard.n_damaged}"
        )
    if not strap:
        print("the strap did not end: see strap.log")
        return 1
    n_played, n_sent = map(int, strap.groups())
    print(f"strap: played {n_played} samples, sent {n_sent}")
    n_heard, n_wrong = (sum(getattr(each, key) for each in watchers) for key in ("n", "n_wrong"))
    print(f"heard {n_heard}, sent and not heard {n_sent - n_heard}")
    return int(n_heard != n_sent or n_wrong > 0)


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except (OSError, TransportError) as error:
        sys.exit(f"{error}: the test did not come that far; see console.log and the other logs beside it")
