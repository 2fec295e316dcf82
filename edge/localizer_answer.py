"""The answer to "where is what": asked for by codes, held to a grammar, read back.

Locate V A AFIB.
V 1.9-3.1 6.8-8.1; AFIB 0.0-10.0
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from edge.labels import Waveform

_PAIR = re.compile(r"(\d{1,2}\.\d)-(\d{1,2}\.\d)")
NOTHING = "none"

Spans = Mapping[Waveform, Sequence[tuple[float, float]]]


def locate_question(asked: Iterable[Waveform]) -> str:
    """All of these at once, by their codes in the order of `Waveform`."""
    wanted = set(asked)
    return f"Locate {' '.join(code for code in Waveform if code in wanted)}."


def spans_text(found: Spans) -> str:
    """Codes with their times in seconds, in the order of `Waveform`; `none` where there is nothing."""
    lines = [f"{code} {_times(found[code])}" for code in Waveform if found.get(code)]
    return "; ".join(lines) or NOTHING


def _times(spans: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{start:.1f}-{end:.1f}" for start, end in spans)


def locate_grammar(asked: Iterable[Waveform], duration_s: float, most_spans: int = 12) -> str:
    """GBNF: any of the codes asked, each with 1 to `most_spans` stretches that begin inside the window."""
    wanted = set(asked)
    codes = [f'"{code}"' for code in Waveform if code in wanted]
    begins, ends = _up_to(max(0, math.ceil(duration_s) - 1)), _up_to(int(duration_s))
    rules = [
        f'root ::= "{NOTHING}" | item ("; " item)*',
        f"item ::= code (span){{1,{most_spans}}}",
        f"code ::= {' | '.join(codes)}",
        f'span ::= " " ({begins}) "." [0-9] "-" ({ends}) "." [0-9]',
    ]
    return "\n".join(rules)


def _up_to(most: int) -> str:
    """Whole numbers from 0 to `most`, below 100, as GBNF."""
    tens, ones = divmod(most, 10)
    if not tens:
        return f"[0-{ones}]"
    below = "[0-9]" if tens == 1 else f"[0-9] | [1-{tens - 1}] [0-9]"
    return f'{below} | "{tens}" [0-{ones}]'


def read_spans(text: str, duration_s: float) -> dict[Waveform, list[tuple[float, float]]] | None:
    """The stretches of an answer; `None` where it is no answer. What ends before it begins is left out."""
    found: dict[Waveform, list[tuple[float, float]]] = {}
    if text.strip() == NOTHING:
        return found
    for item in text.split(";"):
        code, _, times = item.strip().partition(" ")
        if code not in set(Waveform):
            return None
        pairs = [(float(a), min(float(b), duration_s)) for a, b in _PAIR.findall(times)]
        found.setdefault(Waveform(code), []).extend((a, b) for a, b in pairs if a < b)
    return {code: spans for code, spans in found.items() if spans}
