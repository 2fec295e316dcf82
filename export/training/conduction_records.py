"""Mean shapes of beats with known conduction, from annotated, twelve-lead and two-lead records."""

import ast
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import wfdb

from edge.beat_shape import shapes_of_beats
from edge.conduction import CONDUCTED
from edge.contiguous_run import UV_PER_MV, ContiguousRun
from edge.encoder import Encoder
from edge.evidence import EvidenceBeat
from edge.labels import BeatClass
from edge.run_reader import RunReader
from export.training.records import UNKNOWN, prepared
from export.training.splits import DS1, is_ludb_held_out
from export.training.witness_lead import LEFT, NEITHER, RIGHT, block_by_witness

Float32 = npt.NDArray[np.float32]

BLOCK_OF_SYMBOL = {**dict.fromkeys("Nej", NEITHER), "L": LEFT, "R": RIGHT}
MATCH_S = 0.15
HELD_OUT_FOLDS = ("9", "10")  # of PTB-XL, as in the alignment
_STRETCH_BEATS, _FEWEST_BEATS, _FEWEST_ANNOTATED = 40, 4, 30
_LIKE, _SAME_PATIENT = 0.85, 0.93
_ALARM_FROM_S, _ALARM_TO_S = 100, 140
_MIXED_LEADS = ("I", "V5", "V2")
_WITNESSES = ("V", "V1", "MCL")
_V5_FIRST = "114"  # its MLII is the second signal
_SAME_PATIENT_AS = {"201": "202", "E07510": "E07509"}
_MOST_UNKNOWN = 0.2
_BLOCK_S = 10


@dataclass(frozen=True, slots=True, eq=False)
class ConductionShape:
    """One patient's beat: `shapes` `[leads, samples]`, the first lead II, the others to be mixed in.

    `is_held_out` as in the other trainings: every fifth patient of LUDB, two folds of PTB-XL.
    """

    patient: str
    block: int
    leads: tuple[str, ...]
    shapes: Float32
    is_held_out: bool = False


def conduction_shapes(data: Path, encoder: Encoder) -> Iterator[ConductionShape]:
    """All that may train. Paced patients are left out: their beats are told apart as class Q."""
    yield from _ptbxl(data / "ptbxl", encoder)
    yield from _ludb(data / "ludb", encoder)
    yield from _georgia(data / "georgia_sample", encoder)
    yield from _cinc2015(data / "cinc2015_ecg", encoder)
    for name in sorted(DS1):
        yield from mitdb_shapes(data / "mitdb" / name, encoder)


def mitdb_shapes(path: Path, encoder: Encoder, stretches: int = 20) -> Iterator[ConductionShape]:
    """Mean beats of stretches of each conduction that has been annotated 30 times."""
    signal = 1 if path.name == _V5_FIRST else 0
    record = wfdb.rdrecord(str(path), channels=[signal])
    beats = [
        beat for beat in found_beats(record.p_signal, record.fs, encoder) if beat.beat_class in CONDUCTED
    ]
    at_s = np.array([beat.at_s for beat in beats])
    blocks = annotated_blocks(path, at_s)
    shapes = shapes_of_beats(prepared(record.p_signal, record.fs)[:, 0], at_s.tolist())
    for block in (NEITHER, LEFT, RIGHT):
        chosen = shapes[blocks == block]
        if len(chosen) < _FEWEST_ANNOTATED:
            continue
        for first in np.linspace(0, len(chosen), stretches, endpoint=False).astype(int):
            mean = np.median(chosen[first : first + _STRETCH_BEATS], axis=0)
            yield ConductionShape(patient_of_mitdb(path.name), block, ("II",), mean[None])


def patient_of_mitdb(name: str) -> str:
    """The patient of a record of mitdb."""
    return f"mitdb-{_SAME_PATIENT_AS.get(name, name)}"


def found_beats(signal_mv: npt.NDArray[np.float64], fs_hz: float, encoder: Encoder) -> list[EvidenceBeat]:
    """Beats of `[n, 1]` with their classes, as on a stream."""
    run, reader = ContiguousRun(encoder.manifest, fs_hz, 1), RunReader(encoder.manifest)
    ecg_uv, step = np.round(signal_mv * UV_PER_MV).astype(np.int32), int(_BLOCK_S * fs_hz)
    seconds = []
    for first in range(0, len(ecg_uv), step):
        for span in run.feed(ecg_uv[first : first + step], encoder):
            seconds += reader.feed(span, encoder)
    for span in run.flush(encoder):
        seconds += reader.feed(span, encoder)
    classes = encoder.manifest.beat_classes
    beats = [beat for second in seconds + reader.flush(encoder) for beat in second.beats]
    return [EvidenceBeat(beat.at_s, classes[beat.class_index]) for beat in beats]


def annotated_blocks(path: Path, at_s: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """The annotators' word on each beat; `UNKNOWN` for other beats and where none is within 150 ms."""
    annotation = wfdb.rdann(str(path), "atr")
    is_beat = np.isin(annotation.symbol, list("NLRejAaJSVEF/fQ"))
    symbols = np.array(annotation.symbol)[is_beat]
    truth_s = annotation.sample[is_beat] / wfdb.rdheader(str(path)).fs
    right = np.searchsorted(truth_s, at_s).clip(1, len(truth_s) - 1)
    nearest = np.where(at_s - truth_s[right - 1] < truth_s[right] - at_s, right - 1, right)
    close = np.abs(truth_s[nearest] - at_s) <= MATCH_S
    found = [BLOCK_OF_SYMBOL.get(symbol, UNKNOWN) for symbol in symbols[nearest].tolist()]
    return np.where(close, found, UNKNOWN)


def _ptbxl(root: Path, encoder: Encoder) -> Iterator[ConductionShape]:
    with (root / "ptbxl_database.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path, codes = root / row["filename_hr"], ast.literal_eval(row["scp_codes"]).keys()
        block = LEFT if "CLBBB" in codes else RIGHT if "CRBBB" in codes else NEITHER
        if block == NEITHER and codes & {"IRBBB", "ILBBB", "IVCD", "WPW", "PACE"}:
            continue
        if path.with_suffix(".hea").exists():
            for found in _of_twelve_leads(path, f"ptbxl-{row['patient_id']}", block, encoder):
                yield replace(found, is_held_out=row["strat_fold"] in HELD_OUT_FOLDS)


def _ludb(root: Path, encoder: Encoder) -> Iterator[ConductionShape]:
    with (root / "ludb.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path, found = root / "data" / row["ID"].strip(), row["Conduction abnormalities"].lower().splitlines()
        is_left, is_right = (f"complete {side} bundle branch block" in found for side in ("left", "right"))
        block = LEFT if is_left else RIGHT if is_right else NEITHER
        unclear = any(word in line for line in found for word in ("incomplete", "non-specific", "iii degree"))
        if (block == NEITHER and unclear) or row["Cardiac pacing"].strip():
            continue
        if path.with_suffix(".hea").exists():
            for found in _of_twelve_leads(path, f"ludb-{path.name}", block, encoder):
                yield replace(found, is_held_out=is_ludb_held_out(path.name))


def _georgia(root: Path, encoder: Encoder) -> Iterator[ConductionShape]:
    """By SNOMED codes of the headers."""
    for header in sorted(root.glob("*.hea")):
        line = next(line for line in header.read_text().splitlines() if "Dx" in line)
        codes = {code.strip() for code in line.partition(":")[2].split(",")}
        is_right = bool(codes & {"59118001", "713427006"})
        block = LEFT if codes & {"164909002", "733534002"} else RIGHT if is_right else NEITHER
        if block != NEITHER or not codes & {"713426002", "698252002", "251120003", "10370003"}:
            name = _SAME_PATIENT_AS.get(header.stem, header.stem)
            yield from _of_twelve_leads(header.with_suffix(""), f"georgia-{name}", block, encoder)


def _cinc2015(root: Path, encoder: Encoder) -> Iterator[ConductionShape]:
    """Forty seconds of each; where two records of one block look alike they count as one patient."""
    known: list[ConductionShape] = []
    for header in sorted(root.glob("*.hea")):
        names = wfdb.rdheader(str(header.with_suffix(""))).sig_name
        witness = next((name for name in names if name in _WITNESSES), None)
        if "II" not in names or witness is None:
            continue
        shapes = _mean_shapes(header.with_suffix(""), ("II", witness), encoder, (_ALARM_FROM_S, _ALARM_TO_S))
        block = UNKNOWN if shapes is None else block_by_witness(shapes[0], shapes[1])
        if shapes is None or block == UNKNOWN:
            continue
        found = ConductionShape(f"cinc2015-{header.stem}", block, ("II", "V"), shapes)
        if block != NEITHER:
            found = replace(found, patient=_patient_alike(found, known))
            known.append(found)
        yield found


def _patient_alike(found: ConductionShape, known: list[ConductionShape]) -> str:
    alike = (one for one in known if _correlation(_scaled(found), _scaled(one)) > _SAME_PATIENT)
    return next((one.patient for one in alike), found.patient)


def _scaled(found: ConductionShape) -> Float32:
    return np.asarray(found.shapes / np.ptp(found.shapes, axis=1, keepdims=True), np.float32).ravel()


def _of_twelve_leads(path: Path, patient: str, block: int, encoder: Encoder) -> Iterator[ConductionShape]:
    shapes = _mean_shapes(path, ("II", *_MIXED_LEADS), encoder)
    if shapes is not None:
        yield ConductionShape(patient, block, ("II", *_MIXED_LEADS), shapes)


def _mean_shapes(
    path: Path, leads: tuple[str, ...], encoder: Encoder, part_s: tuple[int, int] | None = None
) -> Float32 | None:
    """The median `[leads, samples]` of those beats that look like the usual one on the first lead."""
    fs_hz = wfdb.rdheader(str(path)).fs
    first, stop = (round(s * fs_hz) for s in part_s) if part_s else (0, None)
    record = wfdb.rdrecord(str(path), sampfrom=first, sampto=stop)
    names = [name.upper() for name in record.sig_name]
    signals = np.nan_to_num(record.p_signal[:, [names.index(lead) for lead in leads]])
    beats = found_beats(signals[:, :1], fs_hz, encoder)
    if not _is_conducted(beats):
        return None
    ecg_mv = prepared(signals, fs_hz).astype(np.float32)
    at_s = [beat.at_s for beat in beats]
    shapes = np.stack([shapes_of_beats(lead, at_s) for lead in ecg_mv.T])
    usual = np.median(shapes[0, [beat.beat_class is not BeatClass.VENTRICULAR for beat in beats]], axis=0)
    like = [_correlation(usual, shape) > _LIKE for shape in shapes[0]]
    return np.median(shapes[:, like], axis=1) if sum(like) >= _FEWEST_BEATS else None


def _is_conducted(beats: list[EvidenceBeat]) -> bool:
    """Enough beats that are not ventricular, and hardly a paced or unknown one."""
    classes = [beat.beat_class for beat in beats]
    n_other = len(classes) - classes.count(BeatClass.VENTRICULAR)
    return n_other >= _FEWEST_BEATS and classes.count(BeatClass.UNKNOWN) <= _MOST_UNKNOWN * len(classes)


def _correlation(a: Float32, b: Float32) -> float:
    return float(np.corrcoef(a, b)[0, 1])
