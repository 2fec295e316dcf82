"""What a segment on disk has lost: samples that it should hold, and that cannot be read."""

import re
from pathlib import Path

from edge.atomic_file import write_atomically
from edge.block_journal import Entry
from edge.sample_spans import Span, without
from edge.segment_files import HEADER, Found, found_of, journal_of, samples_of, segments

_N_AT = 3  # the header's word for it
_BASE_COUNTER = re.compile(r"\((\d+)\)")
_LONGEST_BLOCK = 1 << 16  # samples; an entry that says more is damaged


def all_segments(folder: Path) -> list[Path]:
    """As `segments`, and those of which the header alone is left."""
    headers = (path.with_suffix("") for path in folder.glob(f"*{HEADER}") if path.stem.isdecimal())
    return sorted({*segments(folder), *headers})


def read_spans(stem: Path, n_leads: int) -> list[Span]:
    """The samples of a segment whose checksums fit."""
    found = found_of(journal_of(stem), samples_of(stem, n_leads), 2 * n_leads)
    return [(one.entry.first_index, one.entry.stop_index) for one in found]


def missing_spans(stem: Path, n_leads: int, after_index: int) -> list[Span]:
    """The samples of a finished segment that cannot be read; none where it has just been removed.

    A segment is one run of samples. Where nothing of it says where it begins it is taken to follow on the
    sample before `after_index`.
    """
    known, samples = journal_of(stem), samples_of(stem, n_leads)
    found = list(found_of(known, samples, 2 * n_leads))
    told = n_in_header(stem)
    if told is None and not found:
        return []
    n_on_disk = len(samples) // (2 * n_leads)
    n = max(_n_in_journal(known, found), min(told or 0, n_on_disk or told or 0))
    first = _first_index(stem, known, found, after_index)
    return without([(first, first + n)], [(one.entry.first_index, one.entry.stop_index) for one in found])


def spans_of_others(stem: Path, n_leads: int, spans: list[Span]) -> list[Span]:
    """What other segments of the recording hold of these samples: a source may have sent them again."""
    held: list[Span] = []
    for other in segments(stem.parent):
        known = () if other == stem else journal_of(other)
        if any(e.first_index < stop and first < e.stop_index for e in known for first, stop in spans):
            held += read_spans(other, n_leads)
    return held


def _first_index(stem: Path, known: list[Entry], found: list[Found], after_index: int) -> int:
    if found:
        return found[0].entry.first_index - found[0].at
    told = _BASE_COUNTER.search(_header_of(stem).partition("\n")[0])
    if told:
        return int(told[1])
    return known[0].first_index if known else after_index


def _n_in_journal(known: list[Entry], found: list[Found]) -> int:
    """Up to the last block that fits, and what is said to follow it, as far as that can be."""
    if not found:
        return sum(min(entry.n_samples, _LONGEST_BLOCK) for entry in known)
    last, longest = found[-1], max(one.entry.n_samples for one in found)
    behind = known[known.index(last.entry) + 1 :]
    return last.at + last.entry.n_samples + sum(min(entry.n_samples, longest) for entry in behind)


def n_in_header(stem: Path) -> int | None:
    """How many samples it was finished with; 0 while nobody has; `None` where there is no header."""
    if not stem.with_suffix(HEADER).exists():
        return None
    try:
        return int(_header_of(stem).split()[_N_AT])
    except (ValueError, IndexError):
        return 0


def _header_of(stem: Path) -> str:
    """Nothing where it cannot be read."""
    try:
        return stem.with_suffix(HEADER).read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def finish_headers(folder: Path) -> None:
    """Segments that a kill or a full disk left without their number of samples get it; raises `OSError`."""
    for stem in segments(folder):
        if n_in_header(stem) != 0:
            continue
        known = sum(min(entry.n_samples, _LONGEST_BLOCK) for entry in journal_of(stem))
        first, *signals = stem.with_suffix(HEADER).read_text().splitlines()
        words = first.split()
        if len(words) > _N_AT and known:
            words[_N_AT] = str(known)
            content = "\n".join([" ".join(words), *signals]) + "\n"
            write_atomically(stem.with_suffix(HEADER), content.encode())


def n_bytes(stem: Path) -> int:
    """About how much has to be read of it."""
    try:
        return sum(path.stat().st_size for path in stem.parent.glob(f"{stem.name}.*"))
    except FileNotFoundError:
        return 0
