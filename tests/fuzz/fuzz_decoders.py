"""Coverage-guided fuzzing of every decoder: `python tests/fuzz/fuzz_decoders.py [FOLDER] -max_total_time=60`.

Needs `pip install atheris`, which is no dependency of the project. FOLDER (or runs/fuzz) keeps the inputs
that reach new code, beginning with `seeds`; the first octet is the device's place. A find is written to a
file `crash-...`; give that file in place of the folder to see it again, and its line (`--line FILE`) to
corpus.txt to keep it.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["firmware_bridge"]):
    from decoder_play import SUPPORTS, play, read_corpus
    from seeds import seeds

CORPUS = Path(__file__).with_name("corpus.txt")


def run_input(octets):
    """Play one input."""
    if octets:
        play(SUPPORTS[octets[0] % len(SUPPORTS)], octets[1:])


def sow(folder):
    """Write what the fuzzing begins with."""
    folder.mkdir(parents=True, exist_ok=True)
    places = {support.device.name: place for place, support in enumerate(SUPPORTS)}
    known = [(places[name], octets) for name, octets in read_corpus(CORPUS)]
    for i, (place, octets) in enumerate([*seeds(), *known]):
        (folder / f"seed-{i}").write_bytes(bytes([place]) + octets)


def line_of(octets):
    """The input as a line of corpus.txt."""
    return f"{SUPPORTS[octets[0] % len(SUPPORTS)].device.name} {octets[1:].hex()}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--line"]:
        print("\n".join(line_of(Path(name).read_bytes()) for name in sys.argv[2:]))
        sys.exit()
    if not sys.argv[1:] or sys.argv[1].startswith("-"):
        sys.argv.insert(1, "runs/fuzz")
    if not Path(sys.argv[1]).is_file():
        sow(Path(sys.argv[1]))
    atheris.Setup(sys.argv, run_input)
    atheris.Fuzz()
