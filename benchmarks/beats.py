"""Beat-by-beat figures of the edge's pipeline on MIT-BIH records, by the rules of AAMI EC57.

    python benchmarks/beats.py --data DIR                  DS2: patients that the encoder never saw
    python benchmarks/beats.py --data DIR --records 208    any records
    python benchmarks/beats.py --demo --data DIR           the demo's five minutes of record 208

First signal of each record, own QRS positions, int8 model through the streaming pipeline, 150 ms, the
first five minutes unscored (not for --demo). e and j count as N.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import wfdb

from edge.analysis import Analysis, analyse
from edge.bundle import DEFAULT_BUNDLE, write_manifest
from edge.encoder import Encoder
from edge.labels import AAMI_CLASS_OF_SYMBOL
from firmware_bridge.recordings import open_recording

DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234".split()  # noqa: SIM905
MATCH_S = 0.15
LEARNING_S = 300.0
DEMO_SAMPLES = (422_820, 530_819)
Beats = list[tuple[int, str]]
Pairs = Counter[tuple[str, str]]  # (reference class, found class), O for none


def reference_beats(path: Path) -> tuple[Beats, list[tuple[int, int]]]:
    """Annotated beats, and stretches of ventricular flutter, which hold no beats (EC57: not scored)."""
    annotation = wfdb.rdann(str(path), "atr")
    rows = list(zip(annotation.sample.tolist(), annotation.symbol, strict=True))
    beats = [(sample, str(AAMI_CLASS_OF_SYMBOL[s])) for sample, s in rows if s in AAMI_CLASS_OF_SYMBOL]
    starts = [sample for sample, symbol in rows if symbol == "["]
    return beats, list(zip(starts, [sample for sample, symbol in rows if symbol == "]"], strict=False))


def match(reference: Beats, found: Beats, window: int) -> Pairs:
    """Pair each reference beat with the nearest found one that is nearest to it in turn."""
    ours, theirs = np.array([b[0] for b in found]), np.array([b[0] for b in reference])
    pairs: Pairs = Counter()
    taken = set()
    for i, (sample, label) in enumerate(reference):
        j = int(np.abs(ours - sample).argmin()) if len(ours) else -1
        is_pair = j >= 0 and abs(ours[j] - sample) <= window and int(np.abs(theirs - ours[j]).argmin()) == i
        pairs[label, found[j][1] if is_pair else "O"] += 1
        taken.update([j] if is_pair else [])
    pairs.update(("O", label) for j, (_, label) in enumerate(found) if j not in taken)
    return pairs


def scored(beats: Beats, first: float, stop: float, excluded: list[tuple[int, int]]) -> Beats:
    return [b for b in beats if first <= b[0] < stop and not any(a <= b[0] <= z for a, z in excluded)]


def record_pairs(path: Path, encoder: Encoder) -> tuple[Pairs, Pairs]:
    """Pairs of beats, and seconds of (reference, found) rhythm, AF or not."""
    recording = open_recording(path, [0])
    analysis = analyse(recording, encoder)
    beats, excluded = reference_beats(path)
    found = [(beat.index, str(beat.beat_class)) for beat in analysis.beats]
    limits = LEARNING_S * recording.fs_hz, float(recording.n_samples)
    ours, theirs = (scored(rows, *limits, excluded) for rows in (beats, found))
    pairs = match(ours, theirs, round(MATCH_S * recording.fs_hz))
    return pairs, af_seconds(path, analysis, recording.fs_hz, recording.n_samples)


def af_seconds(path: Path, analysis: Analysis, fs_hz: float, n: int) -> Pairs:
    """Seconds by reference and found rhythm; flutter counts as not AF (EC38:2007)."""
    annotation = wfdb.rdann(str(path), "atr")
    notes = [note.rstrip("\x00") for note in annotation.aux_note]
    marks = [(s, note) for s, note in zip(annotation.sample, notes, strict=True) if note.startswith("(")]
    reference, found = np.zeros(n, bool), np.zeros(n, bool)
    for sample, note in marks:
        reference[sample:] = note == "(AFIB"
    for change in analysis.rhythm_changes:
        found[change.index :] = change.rhythm == "AFIB"
    inside = slice(int(LEARNING_S * fs_hz), n)
    counts = Counter(zip(reference[inside].tolist(), found[inside].tolist(), strict=True))
    names = {True: "A", False: "-"}
    return Counter({(names[r], names[f]): round(count / fs_hz) for (r, f), count in counts.items()})


def af_figures(seconds: Pairs) -> dict[str, float | int | None]:
    hit, missed, false, right = (seconds[p] for p in (("A", "A"), ("A", "-"), ("-", "A"), ("-", "-")))
    return {
        "AF_se": _percent(hit, hit + missed),
        "AF_pp": _percent(hit, hit + false),
        "AF_sp": _percent(right, right + false),
        "AF_s": hit + missed,
    }


def demo_pairs(folder: Path, encoder: Encoder) -> Pairs:
    from hub.demo.recording import write_toy_recording

    with TemporaryDirectory() as name:
        path = write_toy_recording(Path(name)).path
        found = [(b.index, str(b.beat_class)) for b in analyse(open_recording(path), encoder).beats]
    first, last = DEMO_SAMPLES
    beats = [
        (s - first, label) for s, label in reference_beats(folder / "mitdb" / "208")[0] if first <= s <= last
    ]
    return match(beats, found, 54)


def figures(pairs: Pairs) -> dict[str, float | int | None]:
    """Sensitivity and positive predictivity in percent; F and Q beats called V are not held against V."""

    def total(reference: str, found: str) -> int:
        return sum(n for (r, f), n in pairs.items() if r in reference and f in found)

    detected, missed, extra = total("NSVFQ", "NSVFQ"), total("NSVFQ", "O"), total("O", "NSVFQ")
    return {
        "Q_se": _percent(detected, detected + missed),
        "Q_pp": _percent(detected, detected + extra),
        "V_se": _percent(total("V", "V"), total("V", "NSVFQO")),
        "V_pp": _percent(total("V", "V"), total("NSVO", "V")),
        "S_se": _percent(total("S", "S"), total("S", "NSVFQO")),
        "S_pp": _percent(total("S", "S"), total("NSVFO", "S")),
        "n_V": total("V", "NSVFQO"),
        "n_S": total("S", "NSVFQO"),
        "missed": missed,
        "extra": extra,
    }


def _percent(part: int, whole: int) -> float | None:
    return round(100 * part / whole, 2) if whole else None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="folder that holds mitdb/")
    parser.add_argument("--records", nargs="+", default=DS2, help="default: DS2")
    parser.add_argument("--database", default="mitdb")
    parser.add_argument("--bundle", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--demo", action="store_true", help="the demo's five minutes")
    parser.add_argument(
        "--into-manifest", metavar="NAME", help="put the gross row into the bundle's manifest"
    )
    parser.add_argument("--json", type=Path, help="write the table here too")
    arguments = parser.parse_args()
    encoder = Encoder(arguments.bundle)
    if arguments.demo:
        print(json.dumps(figures(demo_pairs(arguments.data, encoder))))
        return 0
    rows, gross, gross_af = {}, Counter(), Counter()
    for name in arguments.records:
        pairs, seconds = record_pairs(arguments.data / arguments.database / name, encoder)
        gross, gross_af = gross + pairs, gross_af + seconds
        rows[name] = figures(pairs) | af_figures(seconds)
        print(name, json.dumps(rows[name]), flush=True)
    rows["gross"] = figures(gross) | af_figures(gross_af)
    print("gross", json.dumps(rows["gross"]))
    print(
        "pairs",
        json.dumps(
            {f"{r}{f}".lower() if r == "O" else f"{r}{f.lower()}": n for (r, f), n in sorted(gross.items())}
        ),
    )
    if arguments.into_manifest:
        figures_so_far = encoder.manifest.figures | {arguments.into_manifest: rows["gross"]}
        write_manifest(arguments.bundle, encoder.manifest.model_copy(update={"figures": figures_so_far}))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
