"""Beat by beat on DS2 of MIT-BIH: 22 patients that no model of Hearth has seen."""

from benchmarks.bars import BARS, Numbers
from benchmarks.detections import PEERS, PeerRecords, hearth_records, peer_records
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.scores import beats_of, count, gross, with_escapes_as_normal
from benchmarks.workplace import Workplace
from export.evaluation import figures as ec57
from export.training.splits import DS2

Q, V, S = ("Q Se", "Q +P"), ("V Se", "V +P"), ("S Se", "S +P")
V_COUNTS, S_COUNTS = ("Vn'", "Vs", "Vv", "Vo'"), ("Sn'", "Ss", "Sv", "So'")
MISSED, EXTRA = ("No'", "So'", "Vo'", "Fo'"), ("On'", "Os'", "Ov'")
NOTES = (
    "First signal of each record alone, own QRS positions, int8 bundle through the streaming pipeline.",
    "EC57 standard options: 150 ms, first five minutes not scored; F and Q called V are not held against V.",
    "Classes as in the reference tool `bxb`, which counts e and j as S; where it says so, e and j are N"
    " (de Chazal 2004).",
    "MIT-BIH is the development set of nearly all of the peers: their figures are in-sample. openecg's"
    " wave head has seen excerpts of 9 of these records (QTDB). No peer has a class S.",
)


def run(place: Workplace) -> Result:
    """Hearth and the peers on the same records."""
    names = place.chosen(sorted(DS2))
    records = hearth_records(place, "mitdb", names)
    ours, de_chazal = beats_of(records), beats_of(with_escapes_as_normal(records))
    asked = [peer_records(place, peer, "mitdb", names) for peer in PEERS]
    peers = {peer: beats_of(peer.records) for peer in asked if peer.records}
    return Result(
        "beats",
        f"Beats: MIT-BIH DS2, {len(names)} records",
        "python -m benchmarks.figures --data DIR --only beats",
        NOTES,
        [_qrs(ours, peers), _ventricular(ours, peers), *_supraventricular(ours, de_chazal)],
        [
            _detectors(ours, peers, asked),
            Table("Hearth by record", "Record", _by_record(ours)),
            Table("Hearth by record, e and j as N", "Record", _by_record(de_chazal)),
            _side_by_side(ours, peers),
        ],
    )


PeerTables = dict[PeerRecords, ec57.Table]


def _qrs(ours: ec57.Table, peers: PeerTables) -> Figure:
    beats = sum(int(row["Q n"] or 0) for row in _by_record(ours).values())
    theirs = {peer.label: gross(table, *Q) for peer, table in peers.items()}
    return Figure("QRS Se / +P", gross(ours, *Q), f"{beats:,} beats", BARS["QRS Se / +P"], peers=theirs)


def _ventricular(ours: ec57.Table, peers: PeerTables) -> Figure:
    theirs = {peer.label: gross(table, *V) for peer, table in peers.items() if "V" in peer.says}
    counted = f"{count(ours, *V_COUNTS):,} V"
    return Figure("V Se / +P", gross(ours, *V), counted, BARS["V Se / +P"], peers=theirs)


def _supraventricular(ours: ec57.Table, de_chazal: ec57.Table) -> list[Figure]:
    bar = BARS["S Se / +P"]
    return [
        Figure(f"S Se / +P{said}", gross(table, *S), f"{count(table, *S_COUNTS):,} S", bar)
        for said, table in (("", ours), (", e and j as N", de_chazal))
    ]


def _detectors(ours: ec57.Table, peers: PeerTables, asked: list[PeerRecords]) -> Table:
    rows: dict[str, dict[str, Cell]] = {"Hearth": _gross_row(ours)}
    for peer in asked:
        if peer not in peers:
            rows[f"{peer.label}: {peer.absent}"] = {}
            continue
        row = _gross_row(peers[peer])
        has_v = "V" in peer.says
        rows[peer.label] = {
            k: None if k[0] in "VS" and not (k[0] == "V" and has_v) else v for k, v in row.items()
        }
    return Table("Detectors, gross", "Detector", rows)


def _gross_row(table: ec57.Table) -> dict[str, Cell]:
    figures: Numbers = gross(table, *Q, *V, "V FPR", *S)
    return {
        **dict(zip((*Q, *V, "V FPR", *S), figures, strict=True)),
        "missed": count(table, *MISSED),
        "extra": count(table, *EXTRA),
    }


def _by_record(table: ec57.Table) -> dict[str, dict[str, Cell]]:
    return {name: _record_row(row) for name, row in table.rows.items()}


def _record_row(row: ec57.Row) -> dict[str, Cell]:
    def total(*columns: str) -> int:
        return sum(int(row[column] or 0) for column in columns)

    found = [f"{label}{end}" for end in ("n'", "s", "v") for label in "NSVF"]
    matched = total(*(name if name in row else f"{name}'" for name in found))
    missed = total(*MISSED)
    return {
        "Q n": matched + missed,
        "missed": missed,
        "extra": total(*EXTRA),
        **{name: row[name] for name in Q},
        "V n": total(*V_COUNTS),
        "V false": total("Nv", "Sv", "Ov'"),
        **{name: row[name] for name in (*V, "V FPR")},
        "S n": total(*S_COUNTS),
        "S false": total("Ns", "Vs", "Fs'", "Os'"),
        **{name: row[name] for name in S},
        "RR ms": row["RR err"],
    }


def _side_by_side(ours: ec57.Table, peers: PeerTables) -> Table:
    tables = {"Hearth": ours} | {peer.label.rpartition(" ")[0]: table for peer, table in peers.items()}
    rows: dict[str, dict[str, Cell]] = {
        name: {
            f"{label} {figure[2:]}": table.rows[name][figure]
            for label, table in tables.items()
            for figure in Q
        }
        for name in ours.rows
    }
    return Table("QRS by record, beside the peers", "Record", rows)
