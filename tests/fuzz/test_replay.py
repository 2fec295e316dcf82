"""The scripts of the fuzzing, played again; they need no atheris."""

import subprocess
import sys
from pathlib import Path

REPLAY = Path(__file__).with_name("replay.py")


def test_every_script_that_fuzzing_has_kept_still_passes():
    n_kept = len(Path(__file__).with_name("corpus.txt").read_text().splitlines())
    played = subprocess.run(
        [sys.executable, "-W", "error", REPLAY], capture_output=True, text=True, check=False
    )
    assert played.returncode == 0, played.stderr
    n_scripts, n_samples = (int(word) for word in played.stdout.split() if word.isdigit())
    assert n_scripts > n_kept
    assert n_samples > 10 * n_scripts
