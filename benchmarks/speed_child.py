"""One measured process: analyses a record some times, prints CPU seconds and the highest memory as JSON.

PYTHON -m benchmarks.speed_child analyse RECORD REPEATS [BUNDLE]
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

NOT_INSTALLED = 3


def main(what: str, record: str, repeats: int, bundle: str = "") -> int:
    """Returns 3 where neurokit2 is not installed."""
    try:
        analyse = {"analyse": _hearth, "waves": _hearth_with_waves, "neurokit2": _neurokit2}[what](
            record, bundle
        )
    except ImportError as error:
        print(error, file=sys.stderr)
        return NOT_INSTALLED
    cpu_s = []
    for _ in range(repeats):
        started = time.process_time()
        analyse()
        cpu_s.append(time.process_time() - started)
    print(json.dumps({"cpu_s": cpu_s, "memory_mb": highest_memory_mb()}))
    return 0


def highest_memory_mb() -> float:
    """Of this process since it began; resource's figure would hold its parent's too."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def _hearth(record: str, bundle: str) -> Callable[[], object]:
    from edge.analysis import analyse
    from edge.encoder import Encoder
    from firmware_bridge.recordings import open_recording

    encoder = Encoder(Path(bundle))
    return lambda: analyse(open_recording(record, [0]), encoder)


def _hearth_with_waves(record: str, bundle: str) -> Callable[[], object]:
    from edge.analysis import analyse
    from edge.encoder import Encoder
    from edge.wave_run import WaveReader
    from firmware_bridge.recordings import open_recording

    encoder = Encoder(Path(bundle))

    def both() -> None:
        recording = open_recording(record, [0])
        reader = WaveReader(encoder.manifest, recording.fs_hz)
        analyse(recording, encoder, beside=reader.feed)
        reader.flush()

    return both


def _neurokit2(record: str, _: str) -> Callable[[], object]:
    import neurokit2
    import wfdb

    ecg_mv, fields = wfdb.rdsamp(record)
    return lambda: neurokit2.ecg_process(ecg_mv[:, 0], sampling_rate=fields["fs"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:]))
