"""Plays what fuzzing begins with, and what it has reached and found: `python tests/fuzz/replay.py`."""

from pathlib import Path

from decoder_play import SUPPORTS, play, read_corpus
from seeds import seeds

CORPUS = Path(__file__).with_name("corpus.txt")

if __name__ == "__main__":
    supports = {support.device.name: support for support in SUPPORTS}
    scripts = [(SUPPORTS[place], octets) for place, octets in seeds()]
    scripts += [(supports[name], octets) for name, octets in read_corpus(CORPUS)]
    n_samples = sum(play(support, octets) for support, octets in scripts)
    print(f"{len(scripts)} scripts, {n_samples} samples")
