"""What the strap plays in the virtual machine: each sample tells its own place.

python -m benchmarks.virtual_machine.played SECONDS > signal.csv
"""

import sys

import numpy as np
import numpy.typing as npt

FS_HZ = 130
RAMP, _BEAT_EVERY, _BEAT_N, _BEAT_UV = 1000, 104, 5, 3000  # no two seconds alike; 75 beats a minute
_HEAD = f"Sample Rate,{FS_HZ} hertz\nLead,Lead I\nUnit,µV\n"


def played_uv(first: int, n: int) -> npt.NDArray[np.int32]:
    """Samples `[n]` in microvolts from number `first` on: a ramp, and beats on it."""
    place = np.arange(first, first + n, dtype=np.int32)
    return place % RAMP + _BEAT_UV * (place % _BEAT_EVERY < _BEAT_N)


def ramp_of(heard_uv: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Of samples `[n]`, how far each is on the ramp, `0` to `RAMP - 1`."""
    return heard_uv % _BEAT_UV


def signal_csv(seconds: int) -> str:
    """What a virtual device plays with `--record`: so many seconds from number 0 on."""
    return "\n".join([_HEAD, *map(str, played_uv(0, seconds * FS_HZ)), ""])


if __name__ == "__main__":
    print(signal_csv(int(sys.argv[1])), end="")
