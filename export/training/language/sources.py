"""Records from which windows for the language model are cut, each with its annotations. DS2 is in none."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.labels import Waveform
from export.evaluation.window_truth import AnnotatedRecord, read_annotations
from export.training.language.patterns import PATTERNS, ventricular_rhythms
from export.training.ptbxl_views import LEADS as PTBXL_LEADS
from export.training.ptbxl_views import read_ptbxl_reports
from export.training.records import FS_HZ, prepared_ecg
from export.training.splits import DEVELOPMENT, DS1, PACED, is_cinc2017_held_out, is_cudb_held_out

_W = Waveform
BEAT_WAVEFORMS = (
    _W.VENTRICULAR_BEAT,
    _W.SUPRAVENTRICULAR_BEAT,
    _W.LEFT_BUNDLE_BRANCH_BLOCK,
    _W.RIGHT_BUNDLE_BRANCH_BLOCK,
)
MITDB_WAVEFORMS = (
    *BEAT_WAVEFORMS,
    _W.ATRIAL_FIBRILLATION,
    _W.ATRIAL_FLUTTER,
    _W.VENTRICULAR_TACHYCARDIA,
    _W.VENTRICULAR_FIBRILLATION,
    _W.VENTRICULAR_BIGEMINY,
    _W.VENTRICULAR_TRIGEMINY,
    _W.SUPRAVENTRICULAR_RUN,
)
_PTBXL_CODES = {
    "CLBBB": _W.LEFT_BUNDLE_BRANCH_BLOCK,
    "CRBBB": _W.RIGHT_BUNDLE_BRANCH_BLOCK,
    "AFIB": _W.ATRIAL_FIBRILLATION,
    "AFLT": _W.ATRIAL_FLUTTER,
}
_CINC2017_RHYTHM = {"A": (_W.ATRIAL_FIBRILLATION,), "~": (_W.UNREADABLE,)}


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One record: `ecg_mv` `[n, leads]` at the encoder's rate; `codes` are the statements of its report."""

    database: str
    name: str
    leads: tuple[str, ...]
    ecg_mv: npt.NDArray[np.float16]
    annotated: AnnotatedRecord
    codes: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True, slots=True)
class SourceRef:
    """Enough to read a source in another process; `label` is its one answer, where it has one."""

    database: str
    path: Path
    label: str = ""


def source_refs(data: Path) -> list[SourceRef]:
    """All records but PTB-XL's, which come together from `ptbxl_sources`."""
    refs = [SourceRef("mitdb", data / "mitdb" / name) for name in sorted(DS1 | PACED)]
    for database in ("svdb", "cpsc2021", "cudb"):
        found = sorted((data / database).glob("*.hea"))
        refs += [SourceRef(database, path.with_suffix("")) for path in found]
    return refs + _cinc2017_refs(data)


def read_source(ref: SourceRef) -> Source:
    """Signal and annotations of one record."""
    import wfdb

    ecg_mv = prepared_ecg(ref.path)
    duration_s = len(ecg_mv) / FS_HZ
    if ref.label:
        annotated = _of_one_rhythm(
            _CINC2017_RHYTHM.get(ref.label, ()), _known_of_label(ref.label), duration_s
        )
    else:
        annotated = _with_patterns(read_annotations(str(ref.path), duration_s, _KNOWN[ref.database]))
    leads = tuple(wfdb.rdheader(str(ref.path)).sig_name)
    return Source(ref.database, ref.path.name, leads, ecg_mv, annotated, (), _is_held_out(ref))


def ptbxl_sources(data: Path) -> Iterator[Source]:
    """Records of PTB-XL: what their statements say holds for all of the ten seconds."""
    for record in read_ptbxl_reports(data):
        present = [_PTBXL_CODES[code] for code in record.codes if code in _PTBXL_CODES]
        annotated = _of_one_rhythm(present, _PTBXL_CODES.values(), len(record.ecg_mv) / FS_HZ)
        leads = tuple("aV" + lead[2] if lead[:2] == "AV" else lead for lead in PTBXL_LEADS)
        yield Source("ptbxl", record.name, leads, record.ecg_mv, annotated, record.codes, record.held_out)


_KNOWN = {
    "mitdb": MITDB_WAVEFORMS,
    "svdb": (_W.VENTRICULAR_BEAT, _W.SUPRAVENTRICULAR_BEAT),  # and patterns of these beats
    "cpsc2021": (_W.ATRIAL_FIBRILLATION,),
    "cudb": (_W.VENTRICULAR_FIBRILLATION,),
}


def _with_patterns(annotated: AnnotatedRecord) -> AnnotatedRecord:
    """Where beats alone are noted, the rhythms that they make are known too."""
    if annotated.known != frozenset(_KNOWN["svdb"]):
        return annotated
    found = ventricular_rhythms(annotated.beats_s, annotated.symbols)
    return replace(annotated, rhythms=found, known=annotated.known | PATTERNS.keys())


def _known_of_label(label: str) -> tuple[Waveform, ...]:
    """A record too noisy to read says nothing else."""
    return (_W.UNREADABLE,) if label == "~" else (_W.ATRIAL_FIBRILLATION, _W.UNREADABLE)


def _of_one_rhythm(
    present: Iterable[Waveform], known: Iterable[Waveform], duration_s: float
) -> AnnotatedRecord:
    rhythms = tuple((waveform, 0.0, duration_s) for waveform in present)
    return AnnotatedRecord((), (), rhythms, frozenset(known))


def _cinc2017_refs(data: Path) -> list[SourceRef]:
    root = data / "cinc2017"
    with next(root.rglob("REFERENCE*.csv")).open(newline="") as table:
        label_of = dict(csv.reader(table))
    headers = sorted(root.rglob("*.hea"))
    return [SourceRef("cinc2017", path.with_suffix(""), label_of[path.stem]) for path in headers]


def _is_held_out(ref: SourceRef) -> bool:
    name = ref.path.name
    if ref.database == "cinc2017":
        return is_cinc2017_held_out(name)
    return is_cudb_held_out(name) if ref.database == "cudb" else name in DEVELOPMENT
