"""Atrial fibrillation on DS2 of MIT-BIH, by episode and by duration."""

from benchmarks.bars import BARS, Numbers
from benchmarks.detections import PeerRecords, Records, hearth_records, peer_records
from benchmarks.results import Cell, Figure, Result, Table
from benchmarks.scores import RhythmSeconds, af_predictivity, af_sensitivity, af_specificity, rhythm_seconds
from benchmarks.workplace import Workplace
from export.evaluation.episode_reader import EpisodeKind
from export.evaluation.episodes import score_episodes
from export.evaluation.figures import Ratio
from export.training.splits import DS2

BAR = "AF by duration, Se / Sp"
NOTES = (
    "As the reference tool `epicmp`: first five minutes not scored, any overlap makes an episode found.",
    "Atrial flutter is not AF. Specificity is given twice: flutter counted as time without AF, and flutter"
    " left out; +P counts all AF that was found (EC38:2007).",
    "The patients with AF are 202, 210, 219, 221 and 222; 201 of DS1 is the patient of 202.",
)


def run(place: Workplace) -> Result:
    """Hearth, and openecg's rhythm channel."""
    names = place.chosen(sorted(DS2))
    records = hearth_records(place, "mitdb", names)
    peer = peer_records(place, "openecg", "mitdb", names)
    by_record = {name: _row({name: record}) for name, record in records.items()}
    return Result(
        "rhythm",
        f"Atrial fibrillation: MIT-BIH DS2, {len(names)} records",
        "python -m benchmarks.figures --data DIR --only rhythm",
        NOTES,
        [_figure(records, peer, with_flutter=flag) for flag in (True, False)],
        [_detectors(records, peer), Table("Hearth by record", "Record", by_record)],
    )


def _figure(records: Records, peer: PeerRecords, *, with_flutter: bool) -> Figure:
    ours = rhythm_seconds(records)
    rhythms = ("other", "AFL") if with_flutter else ("other",)
    af_s, other_s = (sum(ours[r, f] for r in group for f in (True, False)) for group in (("AF",), rhythms))
    theirs = rhythm_seconds(peer.records) if peer.records else None
    return Figure(
        f"{BAR}, flutter {'is not AF' if with_flutter else 'left out'}",
        _se_sp(ours, with_flutter=with_flutter),
        f"{af_s:,} s of AF, {other_s:,} s of none",
        BARS[BAR],
        peers={peer.label: _se_sp(theirs, with_flutter=with_flutter)} if theirs else {},
    )


def _se_sp(times: RhythmSeconds, *, with_flutter: bool) -> Numbers:
    return af_sensitivity(times).percent, af_specificity(times, with_flutter=with_flutter).percent


def _detectors(records: Records, peer: PeerRecords) -> Table:
    rows: dict[str, dict[str, Cell]] = {"Hearth": _row(records)}
    if peer.records:
        rows[peer.label] = _row(peer.records)
    else:
        rows[f"{peer.label}: {peer.absent}"] = {}
    return Table("Detectors, gross", "Detector", rows)


def _row(records: Records) -> dict[str, Cell]:
    """Episodes by number, then seconds by reference rhythm and by what was found."""
    scores = [score_episodes(record, EpisodeKind.AF) for record in records.values()]
    found, missed = sum(s.reference.matched for s in scores), sum(s.reference.unmatched for s in scores)
    right, false = sum(s.test.matched for s in scores), sum(s.test.unmatched for s in scores)
    times = rhythm_seconds(records)
    return {
        "episodes": found + missed,
        "found": found,
        "false": false,
        "ESe": Ratio(found, found + missed).percent,
        "E+P": Ratio(right, right + false).percent,
        "AF s": times["AF", True] + times["AF", False],
        "missed s": times["AF", False],
        "false s": times["other", True],
        "false s in AFL": times["AFL", True],
        "DSe": af_sensitivity(times).percent,
        "D+P": af_predictivity(times).percent,
        "Sp": af_specificity(times, with_flutter=True).percent,
        "Sp without AFL": af_specificity(times, with_flutter=False).percent,
    }
