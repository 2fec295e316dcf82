"""Bundle branch block on records of mitdb, window by window of 10 s, each beat against the annotators.

python -m export.training.score_conduction --data DIR --encoder BUNDLE --records DS1 | DS2

DS2 is read by the bundle's own model. DS1 trained it, so each of its patients is read by networks that were
trained without him.
"""

import argparse
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import wfdb

from edge.conduction import BLOCKS, CONDUCTED, CONDUCTION_FILE
from edge.conduction_spans import ConductionWitness
from edge.contiguous_run import UV_PER_MV
from edge.encoder import Encoder
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import Waveform
from edge.pipeline import PipelineSettings
from edge.raw_ecg import RawEcg
from edge.span_evidence import SpanReader
from export.training.conduction_cache import load_conduction
from export.training.conduction_records import annotated_blocks, found_beats, patient_of_mitdb
from export.training.splits import DS1, DS2
from export.training.train_conduction import Settings, train, write_onnx
from export.training.witness_lead import LEFT, RIGHT

WINDOW_S: Final = 10
_HEAD = "| Record | L annotated | L Se | L +P | R annotated | R Se | R +P |\n|---|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Of one block in one record: beats annotated, beats told, and both."""

    annotated: int
    told: int
    both: int

    def __add__(self, other: "BlockCounts") -> "BlockCounts":
        """Gross over records."""
        return BlockCounts(self.annotated + other.annotated, self.told + other.told, self.both + other.both)

    @property
    def cells(self) -> str:
        """Beats, sensitivity and positive predictivity in percent; of what is told in vain, how much."""
        se = f"{100 * self.both / self.annotated:.1f}" if self.annotated else "–"
        pp = f"{100 * self.both / self.told:.1f} of {self.told}" if self.told else "none told"
        return f"{self.annotated} | {se} | {pp}"


class RecordScorer:
    """Cuts a record into windows, each read as the edge reads a strip."""

    def __init__(self, bundle: Path) -> None:
        self._encoder, self._reader = Encoder(bundle), SpanReader(bundle, PipelineSettings())

    def score(self, path: Path, witness: ConductionWitness) -> tuple[BlockCounts, BlockCounts]:
        """Left and right, on the first signal, with the beats and classes that the edge finds itself."""
        record = wfdb.rdrecord(str(path), channels=[0])
        signal = np.nan_to_num(record.p_signal)
        beats = found_beats(signal, record.fs, self._encoder)
        truth = annotated_blocks(path, np.array([beat.at_s for beat in beats])).tolist()
        found: list[Waveform | None] = [None] * len(beats)
        for start_s in range(0, int(len(signal) / record.fs), WINDOW_S):
            first, stop = round(start_s * record.fs), round((start_s + WINDOW_S) * record.fs)
            uv = np.round(signal[first:stop] * UV_PER_MV).astype(np.int32)
            own = [i for i, beat in enumerate(beats) if start_s <= beat.at_s < start_s + WINDOW_S]
            ecg = RawEcg(uv, float(record.fs), (record.sig_name[0],))
            told = self._block(ecg, [replace(beats[i], at_s=beats[i].at_s - start_s) for i in own], witness)
            for i in own:
                found[i] = told if beats[i].beat_class in CONDUCTED else None
        return _counts(truth, found, LEFT), _counts(truth, found, RIGHT)

    def _block(self, ecg: RawEcg, beats: list[EvidenceBeat], witness: ConductionWitness) -> Waveform | None:
        seconds = len(ecg.ecg_uv) / ecg.fs_hz
        bare = Evidence(seconds, ecg.leads, tuple(beats), (), seconds)
        measured = replace(self._reader.add_to(bare, ecg), spans=())
        return next((span.waveform for span in witness.add_to(measured, ecg).spans), None)


def _counts(truth: list[int], found: Sequence[object], block: int) -> BlockCounts:
    told = [one is BLOCKS[block] for one in found]
    annotated = [one == block for one in truth]
    both = sum(a and b for a, b in zip(told, annotated, strict=True))
    return BlockCounts(sum(annotated), sum(told), both)


class FoldModels:
    """For each patient of DS1 a model that was trained without him."""

    def __init__(self, data: Path, bundle: Path, settings: Settings, folder: Path) -> None:
        self._known = [one for one in load_conduction(data, bundle) if not one.is_held_out]
        self._settings, self._folder = settings, folder

    def without(self, patient: str) -> ConductionWitness:
        """Patients without a block share their models by threes."""
        blocks = {one.block for one in self._known if one.patient == patient}
        if blocks & {LEFT, RIGHT}:
            return self._trained((patient,))
        plain = sorted({one.patient for one in self._known if "mitdb" in one.patient})
        first = plain.index(patient) // 3 * 3
        return self._trained(tuple(plain[first : first + 3]))

    def _trained(self, patients: tuple[str, ...]) -> ConductionWitness:
        folder = self._folder / "-".join(patients)
        if not folder.is_dir():
            folder.mkdir()
            known = [one for one in self._known if one.patient not in patients]
            write_onnx(train(known, self._settings), folder / CONDUCTION_FILE)
        return ConductionWitness(folder)


def _always(witness: ConductionWitness) -> Callable[[str], ConductionWitness]:
    return lambda _patient: witness


def table(scores: dict[str, tuple[BlockCounts, BlockCounts]]) -> str:
    """Markdown, with the sum in the last line."""
    rows = [f"| {name} | {left.cells} | {right.cells} |" for name, (left, right) in scores.items()]
    nothing = BlockCounts(0, 0, 0)
    left, right = (sum((pair[i] for pair in scores.values()), nothing) for i in (0, 1))
    return "\n".join([_HEAD, *rows, f"| all | {left.cells} | {right.cells} |"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, default=Path("configs/training/conduction.toml"))
    parser.add_argument("--data", type=Path, required=True, help="folder with mitdb/, ptbxl/ ... unpacked")
    parser.add_argument("--encoder", type=Path, required=True, help="bundle of the trained encoder")
    parser.add_argument("--records", choices=["DS1", "DS2"], required=True)
    arguments = parser.parse_args()
    scorer, settings = RecordScorer(arguments.encoder), tomllib.loads(arguments.config.read_text())
    with TemporaryDirectory() as folder:
        names, witness_for = sorted(DS2), _always(ConductionWitness(arguments.encoder))
        if arguments.records == "DS1":
            folds = FoldModels(arguments.data, arguments.encoder, settings, Path(folder))
            names, witness_for = sorted(DS1), folds.without
        scores = {
            name: scorer.score(arguments.data / "mitdb" / name, witness_for(patient_of_mitdb(name)))
            for name in names
        }
    print(table(scores))


if __name__ == "__main__":
    main()
