"""Runs one peer over some records: a file of signals in, a file of annotations out."""

import os
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

NOT_INSTALLED = 3


def main(name: str, signals: Path, out: Path) -> int:
    """Returns 3 where the peer is not installed, and says what is missing."""
    import numpy as np

    try:
        peer = import_module(f"benchmarks.peers.{name}")
    except ImportError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return NOT_INSTALLED
    columns: dict[str, np.ndarray] = {
        "label": np.array(f"{peer.NAME} {version(peer.DISTRIBUTION)}"),
        "says": np.array(peer.SAYS),
    }
    with np.load(signals) as given:
        for record in given.files:
            fs_hz, *ecg_mv = np.split(given[record], [1])
            found = peer.detect(ecg_mv[0].astype(np.float64), float(fs_hz[0]))
            columns[f"{record}/samples"] = np.array(found.samples, np.int64)
            columns[f"{record}/symbols"] = np.array(found.symbols, "U1")
            columns[f"{record}/rhythm_samples"] = np.array([at for at, _ in found.rhythms], np.int64)
            columns[f"{record}/rhythms"] = np.array([rhythm for _, rhythm in found.rhythms], "U5")
    np.savez(str(out), allow_pickle=False, **columns)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))
