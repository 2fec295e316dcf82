"""What the test of the units came to, and whether the edge kept the strap's ECG through it.

    python -m benchmarks.virtual_machine.services_account FOLDER/services

Ends with 1 where a step failed, a sample does not follow the one before it, or a gap is wrong by over 20 ms.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.virtual_machine.played import FS_HZ, RAMP, ramp_of
from edge.segment_files import read_blocks
from edge.stream import PlacedBlock

_MOST_MS = 20.0


@dataclass(slots=True)
class Found:
    """What a recording holds: samples, how many lie in gaps, how many do not follow the one before them.

    `worst_ms`: the largest difference between the length of the gaps and that of what was played in them.
    """

    n_kept: int = 0
    n_missing: int = 0
    n_wrong: int = 0
    worst_ms: float = 0.0


def main(result: Path) -> int:
    """Print the account; 0 where all is as it should be."""
    steps = (result / "steps.log").read_text().strip()
    print(steps)
    is_bad = "FAILED" in steps or "exposure" not in steps
    for recording in sorted((result / "recordings").iterdir()):
        found = counted(read_blocks(recording, 1))
        print(
            f"recording {recording.name}: {found.n_kept} samples, {found.n_missing} missing between them,"
            f" {found.n_wrong} wrong; ends of gaps within {found.worst_ms:.1f} ms of the truth"
        )
        is_bad |= not found.n_kept or found.n_wrong > 0 or found.worst_ms > _MOST_MS
    return int(is_bad)


def counted(blocks: Iterable[PlacedBlock]) -> Found:
    """Hold a recording against the ramp that was played; a gap may be off by the clocks, samples may not."""
    found, end, first, here = Found(), None, 0, 0
    for block in blocks:
        offsets = (ramp_of(block.ecg_uv[:, 0]) - np.arange(block.first_index, block.stop_index)) % RAMP
        first = first if found.n_kept else int(offsets[0])
        here = here if end == block.first_index else int(offsets[0])
        found.n_kept += len(offsets)
        found.n_missing += block.first_index - (block.first_index if end is None else end)
        found.n_wrong += int((offsets != here).sum())
        found.worst_ms = max(
            found.worst_ms, abs((here - first + RAMP // 2) % RAMP - RAMP // 2) / FS_HZ * 1000
        )
        end = block.stop_index
    return found


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except OSError as error:
        sys.exit(f"{error}: the test did not come that far; see console.log and journal.log beside it")
