"""The full report of one record, as the reference tools print it."""

from typing import Final

from export.evaluation.beats import BeatScore, detections, supraventricular, ventricular
from export.evaluation.clock import milliseconds, short_clock_text
from export.evaluation.episode_reader import EpisodeKind
from export.evaluation.episodes import EpisodeScore
from export.evaluation.figures import Ratio
from export.evaluation.runs import Matrix, RunScore
from export.evaluation.summary import missed_in_shutdown

_EPISODES: Final = {
    EpisodeKind.AF: ("AF", ""),
    EpisodeKind.VF: ("VF", ""),
    EpisodeKind.ST0: ("ST", ", signal 0"),
    EpisodeKind.ST1: ("ST", ", signal 1"),
    EpisodeKind.ST: ("ST", ", both signals"),
}


def heading(title: str, record: str, reference: str, test: str) -> str:
    """What a report is about: record and annotator names."""
    return (
        f"{title} comparison results for record {record}\n"
        f"Reference annotator: {reference}\n"
        f"     Test annotator: {test}\n\n"
    )


def beat_report(score: BeatScore) -> str:
    """The report of `bxb -s`: S beats are among the N, false positive rate of V."""
    groups = {"N": "NS", "V": "V", "F": "F", "Q": "Q"}
    table = _beat_matrix(score, groups)
    names = ("VEB sensitivity", "VEB positive predictivity")
    figures = [_percent(name, ratio) for name, ratio in zip(names, ventricular(score), strict=False)]
    figures.append(_percent("VEB false positive rate", ventricular(score)[2], 3))
    missed = Ratio(score.count("NSVFQ", "x"), score.count("NSVFQ", "nsvfqox"))
    return table + _qrs(score) + "".join(figures) + "\n" + _shutdown(score, missed, groups, "NVF")


def sve_beat_report(score: BeatScore) -> str:
    """The report of `bxb -S`: S beats apart, and the RR error."""
    groups = {label: label for label in "NSVFQ"}
    names = ("VEB sensitivity", "VEB positive predictivity", "SVEB sensitivity", "SVEB positive predictivity")
    ratios = (*ventricular(score)[:2], *supraventricular(score))
    figures = [_percent(name, ratio) for name, ratio in zip(names, ratios, strict=True)]
    error = "     -" if score.rr_error_ms is None else f"{score.rr_error_ms:6.2f} ms"
    figures.append(f"     RMS RR interval error: {error}\n")
    missed = missed_in_shutdown(score)
    return (
        _beat_matrix(score, groups)
        + _qrs(score)
        + "".join(figures)
        + _shutdown(score, missed, groups, "NSVF")
    )


def _beat_matrix(score: BeatScore, groups: dict[str, str]) -> str:
    rows = {**groups, "O": "O", "X": "X"}
    columns = {label.lower(): group.lower() for label, group in rows.items()}
    lines = ["               Algorithm", "    " + "".join(f"{label:>5}" for label in columns)]
    lines.append("   " + "_" * (5 * len(columns) + 1))
    for label, group in rows.items():
        shown = list(columns.values())[: -2 if label in "OX" else None]
        cells = " ".join(f"{score.count(group, column):4d}" for column in shown)
        lines.append(f" {label} | {cells}")
    return "\n".join(lines) + "\n\n"


def _qrs(score: BeatScore) -> str:
    sensitivity, predictivity = detections(score)
    return _percent("QRS sensitivity", sensitivity) + _percent("QRS positive predictivity", predictivity)


def _shutdown(score: BeatScore, missed: Ratio, groups: dict[str, str], labels: str) -> str:
    lines = ["\n", _percent("Beats missed in shutdown", missed)]
    for label in labels:
        group = groups[label]
        ratio = Ratio(score.count(group, "x"), score.count(group, "nsvfqox"))
        lines.append(_percent(f"{label} missed in shutdown", ratio))
    return "".join(lines) + f"       Total shutdown time: {score.shutdown_s:5d} seconds\n"


def _percent(name: str, ratio: Ratio, digits: int = 2) -> str:
    value = "     - " if ratio.percent is None else f"{ratio.percent:6.{digits}f}%"
    return f"{name:>26}: {value} ({ratio.part}/{ratio.whole})\n"


def run_report(score: RunScore) -> str:
    """The report of `rxr -s`, for V or for S runs."""
    counts = score.counts()
    figures = "".join(
        _whole_percent(f"{name} {figure}", Ratio(counts[right], counts[right] + counts[wrong]), 31)
        for size, name in (("C", "Couplet"), ("S", "Short run"), ("L", "Long run"))
        for figure, right, wrong in (
            ("sensitivity", f"{size}Ts", f"{size}FN"),
            ("positive predictivity", f"{size}Tp", f"{size}FP"),
        )
    )
    return (
        _run_matrix(score.sensitivity)
        + "\n      (Run Sensitivity Summary Matrix)\n\n\n"
        + _run_matrix(score.predictivity)
        + "\n (Run Positive Predictivity Summary Matrix)\n\n"
        + figures
        + "\n"
    )


def _run_matrix(matrix: Matrix) -> str:
    lengths = ["0", "1", "2", "3", "4", "5", ">5"]
    lines = ["               Algorithm Run Length", "      " + "".join(f"{length:>5}" for length in lengths)]
    lines.append("     " + "_" * 36)
    for length, row in zip(lengths, matrix, strict=True):
        cells = [f"{count:4d}" for count in row]
        if length == "0":
            cells[0] = "    "
        lines.append(f"{length:>4} | {' '.join(cells)}")
    return "\n".join(lines) + "\n"


def episode_heading(kind: EpisodeKind, record: str, reference: str, test: str) -> str:
    """As `heading`, with the signal where it matters."""
    name, signal = _EPISODES[kind]
    return heading(f"{name} episode-by-episode", record + signal, reference, test)


def episode_report(score: EpisodeScore) -> str:
    """The report of `epicmp`."""
    reference, test = score.reference, score.test
    found = Ratio(reference.matched, reference.matched + reference.unmatched)
    right = Ratio(test.matched, test.matched + test.unmatched)
    durations = [short_clock_text(milliseconds(t.duration, score.fs_hz)) for t in (reference, test)]
    return (
        _whole_percent("Episode sensitivity", found, 30)
        + _whole_percent("Episode positive predictivity", right, 30)
        + _duration("Duration sensitivity", Ratio(reference.overlap, reference.duration), score.fs_hz)
        + _duration("Duration positive predictivity", Ratio(test.overlap, test.duration), score.fs_hz)
        + f"Duration of reference episodes:  {durations[0]}\n"
        + f"     Duration of test episodes:  {durations[1]}\n"
    )


def _whole_percent(name: str, ratio: Ratio, width: int) -> str:
    return f"{name:>{width}}:{_whole(ratio)} ({ratio.part}/{ratio.whole})\n"


def _duration(name: str, ratio: Ratio, fs_hz: float) -> str:
    part, whole = (
        short_clock_text(milliseconds(samples, fs_hz)).lstrip() for samples in (ratio.part, ratio.whole)
    )
    return f"{name:>30}:{_whole(ratio)} ({part}/{whole})\n"


def _whole(ratio: Ratio) -> str:
    return "   - " if ratio.rounded is None else f" {ratio.rounded:3d}%"
