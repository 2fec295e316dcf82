"""PTB-XL for reduced leads: which statements of a report can be seen in the leads that are left."""

import ast
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from export.training.records import prepared_ecg
from export.training.sentences import Report

LEADS = ("I", "II", "III", "AVR", "AVL", "AVF", "V1", "V2", "V3", "V4", "V5", "V6")
_HELD_OUT_FOLDS = ("9", "10")

# where a statement shows; everything about rhythm, ectopy and conduction time shows anywhere
_INFERIOR = frozenset(("II", "III", "AVF"))
_ANTERIOR = frozenset(("V1", "V2", "V3", "V4"))
_LATERAL = frozenset(("I", "AVL", "V5", "V6"))
_SHOWS_IN: dict[str, frozenset[str]] = {
    **dict.fromkeys(("IMI", "ISCIN", "INJIN", "IPMI"), _INFERIOR),
    **dict.fromkeys(("ASMI", "AMI", "ISCAS", "ISCAN", "INJAS"), _ANTERIOR),
    **dict.fromkeys(("LMI", "ISCLA", "INJLA"), _LATERAL),
    **dict.fromkeys(("ALMI", "ISCAL", "INJAL"), _ANTERIOR | _LATERAL),
    **dict.fromkeys(("ILMI", "ISCIL", "INJIL", "IPLMI"), _INFERIOR | _LATERAL),
    **dict.fromkeys(("CRBBB", "IRBBB", "CLBBB", "ILBBB", "RVH"), frozenset(("V1", "V2", "V5", "V6", "I"))),
    **dict.fromkeys(("LVH", "VCLVH", "HVOLT"), frozenset(("V1", "V2", "V5", "V6", "AVL"))),
    **dict.fromkeys(("LAFB", "LPFB"), frozenset(("I", "II", "III", "AVF", "AVL"))),
    **dict.fromkeys(("RAO/RAE", "LAO/LAE"), frozenset(("II", "V1"))),
    "WPW": frozenset(LEADS),
}
_ANYWHERE = {"NORM", "SR", "AFIB", "AFLT", "STACH", "SARRH", "SBRAD", "PACE", "SVTAC", "PSVT", "PVC", "PAC",
             "BIGU", "TRIGU", "1AVB", "2AVB", "3AVB", "LPR", "IVCD"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PtbxlRecord:
    """Twelve leads `[n, 12]` in mV at the encoder's rate, and the statements of its report."""

    name: str
    ecg_mv: npt.NDArray[np.float16]
    codes: tuple[str, ...]
    text: str
    held_out: bool


def read_ptbxl_reports(folder: Path) -> Iterator[PtbxlRecord]:
    """Records with signals; patients are never in two folds."""
    root = folder / "ptbxl"
    with (root / "ptbxl_database.csv").open(newline="") as table:
        rows = list(csv.DictReader(table))
    for row in rows:
        path = root / row["filename_hr"]
        if path.with_suffix(".hea").exists():
            codes = tuple(ast.literal_eval(row["scp_codes"]))
            held_out = row["strat_fold"] in _HELD_OUT_FOLDS
            yield PtbxlRecord(path.name, prepared_ecg(path), codes, row["report"], held_out)


def read_descriptions(folder: Path) -> dict[str, str]:
    """The English words of each statement code."""
    with (folder / "ptbxl" / "scp_statements.csv").open(newline="") as table:
        return {row[""]: row["description"].strip('"') for row in csv.DictReader(table)}


def visible_codes(codes: Iterable[str], leads: Iterable[str]) -> list[str]:
    """Those that these leads can show."""
    names = set(leads)
    return [code for code in codes if code in _ANYWHERE or _SHOWS_IN.get(code, frozenset()) & names]


def view_report(
    record: PtbxlRecord, leads: list[int], words: dict[str, str], *, whole: bool
) -> Report | None:
    """Statements visible in these leads; the report's own text where `whole`: nothing in it is hidden."""
    visible = visible_codes(record.codes, [LEADS[i] for i in leads])
    everything = len(visible) == len(record.codes)
    if not visible:
        return None
    text = record.text if whole and everything else ", ".join(words[code] for code in visible)
    return Report(tuple(sorted(visible)), text, "")
