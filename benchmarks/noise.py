"""QRS in noise: records 118 and 119 with electrode motion at six ratios, of the noise stress test."""

from benchmarks.bars import BARS, Numbers
from benchmarks.detections import PeerRecords, peer_records
from benchmarks.evaluated import Grids, grids_of, table_of
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.workplace import Workplace
from export.evaluation.beats import score_beats
from export.evaluation.figures import Row
from export.evaluation.noise import gross_by_snr

PEERS = ("xqrs", "neurokit", "sleepecg", "biosppy")
Q = ("Q Se", "Q +P")
NOTES = (
    "EC57 standard options. After the first five minutes two minutes of noise and two without take turns, so"
    " half of the scored time is clean.",
    "The clean beats are those of MIT-BIH 118 and 119, which are in DS1: 119 is a development patient, on 118"
    " the models have learned, and on other stretches of the same noise.",
)


def run(place: Workplace) -> Result:
    """Hearth by `hearth evaluate noise`, and the peers, at each ratio."""
    grids = grids_of(place, "noise")
    peers = [peer_records(place, peer, "nstdb", list(grids["records"])) for peer in PEERS]
    theirs = {peer.label: _gross(peer) for peer in peers if peer.records}
    return Result(
        "noise",
        "Noise: MIT-BIH noise stress test, 118 and 119",
        "hearth evaluate noise --data DIR",
        (*NOTES, *(f"{peer.label}: {peer.absent}." for peer in peers if peer.absent)),
        [_figure(snr, grids, theirs) for snr in grids["snr"]],
        [
            Table("QRS of both records", "SNR", {snr: _beside(snr, grids, theirs) for snr in grids["snr"]}),
            table_of(grids, "records", "Hearth by record", "Record"),
        ],
    )


def _gross(peer: PeerRecords) -> dict[str, Row]:
    records = peer.records or {}
    return gross_by_snr({name: score_beats(record) for name, record in records.items()})


def _figure(snr: str, grids: Grids, theirs: dict[str, dict[str, Row]]) -> Figure:
    what = f"QRS at {snr}, Se / +P"
    return Figure(
        what,
        _numbers(grids["snr"][snr]),
        "118 and 119",
        BARS.get(what, ()),
        peers={label: _numbers(rows[snr]) for label, rows in theirs.items()},
    )


def _numbers(row: Row) -> Numbers:
    return tuple(row[name] for name in Q)


def _beside(snr: str, grids: Grids, theirs: dict[str, dict[str, Row]]) -> dict[str, Cell]:
    rows = {"Hearth": grids["snr"]} | {label.rpartition(" ")[0]: rows for label, rows in theirs.items()}
    return {f"{label} {name[2:]}": by_snr[snr][name] for label, by_snr in rows.items() for name in Q}
