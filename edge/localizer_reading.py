"""The language model's answers, held against what was measured: findings fused, sentences checked."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from edge.events import Localization, LocalizedFinding
from edge.evidence import Evidence, EvidenceSpan
from edge.fusion import fuse, waveform_of
from edge.grounding import check
from edge.labels import Waveform
from edge.localizer_answer import NOTHING
from edge.localizer_request import Said

_ITEM = re.compile(r"(?P<code>[A-Z]+)(?P<spans>(?: \d{1,2}\.\d-\d{1,2}\.\d)+)")
_SPAN = re.compile(r"(\d{1,2}\.\d)-(\d{1,2}\.\d)")


def localization(answers: Sequence[Said], evidence: Evidence, model: str, latency_s: float) -> Localization:
    """`invalid` where the places cannot be read; what was struck or unconfirmed is counted."""
    located, report = answers
    said = read_findings(located, evidence.duration_s)
    if said is None:
        return Localization(status="invalid", model=model, latency_s=latency_s)
    fused = fuse(evidence.spans, said)
    checked = check(report.text, with_findings(evidence, fused.findings))
    return Localization(
        status="answered",
        model=model,
        latency_s=latency_s,
        findings=fused.findings,
        sentence=" ".join(checked.kept) or None,
        struck=len(checked.struck) + fused.unconfirmed,
    )


def with_findings(evidence: Evidence, findings: Iterable[LocalizedFinding]) -> Evidence:
    """A sentence may also say what the model alone may add; see `edge.fusion`."""
    alone = [one for one in findings if one.seen_by == ("language_model",)]
    added = tuple(EvidenceSpan(waveform_of(one.finding), one.start_s, one.end_s) for one in alone)
    return replace(evidence, spans=evidence.spans + added)


def read_findings(answer: Said, duration_s: float) -> list[LocalizedFinding] | None:
    """Each stretch with the mean probability of what says it; `None` where it is no answer."""
    if answer.text.strip() == NOTHING:
        return []
    items = list(_ITEM.finditer(answer.text))
    if not items or any(item["code"] not in set(Waveform) for item in items):
        return None
    return [finding for item in items for finding in _findings(item, answer, duration_s)]


def _findings(item: re.Match[str], answer: Said, duration_s: float) -> Iterator[LocalizedFinding]:
    code = answer.confidence(*item.span("code"))
    for span in _SPAN.finditer(answer.text, *item.span("spans")):
        start_s, end_s = float(span[1]), min(float(span[2]), duration_s)
        if start_s < end_s:
            yield LocalizedFinding(
                finding=Waveform(item["code"]),
                start_s=start_s,
                end_s=end_s,
                confidence=round(min(1.0, (code + answer.confidence(*span.span())) / 2), 4),
            )
