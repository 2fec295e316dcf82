"""What the test of the units came to, and whether the edge kept the strap's ECG through it.

    python -m benchmarks.virtual_machine.services_account FOLDER/result

Ends with 1 where a step failed, or a kept sample is not where it belongs.
"""

import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.virtual_machine.played import RAMP, ramp_of
from edge.segment_files import read_blocks
from edge.stream import PlacedBlock


def main(result: Path) -> int:
    """Print the account; 0 where all is as it should be."""
    steps = (result / "steps.log").read_text().strip()
    print(steps)
    n_bad = 0
    for recording in sorted((result / "recordings").iterdir()):
        n_kept, n_missing, n_wrong = counted(read_blocks(recording, 1))
        print(f"recording {recording.name}: {n_kept} samples, {n_missing} missing, {n_wrong} out of place")
        n_bad += n_wrong + (n_kept == 0)
    return int("FAILED" in steps or "exposure" not in steps or n_bad > 0)


def counted(blocks: Iterable[PlacedBlock]) -> tuple[int, int, int]:
    """Samples kept, missing between blocks, and not as far from the first one as the signal says."""
    n_kept = n_missing = n_wrong = 0
    end = first = None
    for block in blocks:
        place = np.arange(block.first_index, block.stop_index)
        offset = (ramp_of(block.ecg_uv[:, 0]) - place) % RAMP
        first = offset[0] if first is None else first
        n_missing += 0 if end is None else block.first_index - end
        n_kept, n_wrong, end = n_kept + len(place), n_wrong + int((offset != first).sum()), block.stop_index
    return n_kept, n_missing, n_wrong


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1])))
    except OSError as error:
        sys.exit(f"{error}: the test did not come that far; see console.log and journal.log beside it")
