"""Answers to questions about the signal: measured first; the language model may add what is borne out.

Of two windows the measured verdict stands in the answer, whatever the model says; see `edge.comparison`.
Of a window with a gap the model sees the longest stretch without one. Its times are brought back to the
window's before anything is checked, and it sets no borders: of what lies beyond the stretch it saw nothing.
"""

import asyncio
import logging

from edge.ask_desk import seconds_left
from edge.ask_measured import MeasuredAnswers
from edge.comparison import COMPARE_QUESTION, borne_out, changes, read_changes
from edge.ecg_prompt import Shown, prompt_parts
from edge.errors import UserError
from edge.events import AskAnswer, AskRequest, LocalizedFinding
from edge.evidence import Evidence
from edge.fusion import MODEL_SETS_BORDERS, fuse, waveform_of
from edge.gapless import Stretch, evidence_in, longest_stretch, shifted, shifted_text
from edge.grounding import check
from edge.localizer_answer import locate_grammar, locate_question
from edge.localizer_process import LocalizerError, LocalizerProcess
from edge.localizer_prompt import LOCATED, MOST_SPANS, asked
from edge.localizer_reading import read_findings, with_findings
from edge.localizer_request import Branch, LocalizerRequest, Said
from edge.recorded_window import RecordedWindow

_LOG = logging.getLogger(__name__)

_LINE = "root ::= [A-Z0-9a-z] [a-zA-Z0-9 ,.;:%/()-]{0,300}"
_ANSWER_TOKENS, _LOCATE_TOKENS = 64, 160
_SHORTEST_S = 10  # of a window with a gap, without one; the model was taught on no less
_FAREWELL_S = 1.0  # of the deadline, kept to send the answer


class LanguageAnswers:
    """Without a process, or when it fails or is late, the measured answer goes alone."""

    def __init__(self, measured: MeasuredAnswers, process: LocalizerProcess | None) -> None:
        self._measured, self._process = measured, process

    async def answer(self, request: AskRequest) -> AskAnswer:
        """Measure, ask the model with what is left of the deadline, and let through what holds."""
        answer, windows, evidence = await self._measured.measure(request)
        left_s = seconds_left(request) - _FAREWELL_S
        if self._process is None or answer.status != "answered" or left_s <= 0:
            return answer
        stretches = [longest_stretch(window) for window in windows]
        if any(
            not window.is_whole and stretch.seconds < _SHORTEST_S
            for window, stretch in zip(windows, stretches, strict=True)
        ):
            return answer
        try:
            asked_of_model = question_request(windows, stretches, evidence, request.question)
            async with asyncio.timeout(left_s):  # also where it is busy, or is being loaded
                said = await self._process.ask(asked_of_model, left_s)
        except (TimeoutError, LocalizerError, UserError, OSError) as error:
            _LOG.warning("language model: %s: %s", type(error).__name__, error)
            return answer
        seen = None if windows[0].is_whole else stretches[0]
        return completed(answer, said.said, evidence, self._process.model.stem, seen)


def question_request(
    windows: list[RecordedWindow], stretches: list[Stretch], evidence: list[Evidence], question: str
) -> LocalizerRequest:
    """The question after all windows; for a single one also where everything is, for two what changed."""
    ecgs = tuple(stretch.ecg for stretch in stretches)
    told = [
        one if window.is_whole else evidence_in(stretch, one)
        for window, stretch, one in zip(windows, stretches, evidence, strict=True)
    ]
    shown = [
        Shown(stretch.ecg.leads, stretch.seconds, one) for stretch, one in zip(stretches, told, strict=True)
    ]
    *beginning, opening = prompt_parts(shown, "")
    wording = question if len(ecgs) == 1 else COMPARE_QUESTION
    branches = [Branch(asked(opening, wording), _LINE, _ANSWER_TOKENS)]
    if len(ecgs) == 1:
        grammar = locate_grammar(LOCATED, shown[0].duration_s, MOST_SPANS)
        where = asked(opening, locate_question(LOCATED))
        branches.append(Branch(where, grammar, _LOCATE_TOKENS, points=True))
    return LocalizerRequest(ecgs, tuple(beginning), tuple(branches))


def completed(
    answer: AskAnswer,
    said: tuple[Said, ...],
    evidence: list[Evidence],
    model: str,
    seen: Stretch | None = None,
) -> AskAnswer:
    """The measured answer, with the model's sentences that hold, and its places where it may name them.

    `model` is named only where a word of it is left; `seen` is the stretch that it saw where
    that is not all.
    """
    findings, unconfirmed = answer.findings, 0
    start_s = seen.start_s if seen else 0.0
    if len(said) > 1:
        fused = fuse(evidence[0].spans, _places(said[1], evidence[0], seen))
        findings, unconfirmed = fused.findings, fused.unconfirmed
    if len(evidence) > 1:
        items = read_changes(said[0].text)
        kept, struck = borne_out(items, changes(*evidence))
        struck += bool(said[0].text and not items)
        agreed = f"The language model says the same of {', '.join(kept)}." if kept else ""
        words, sentences = agreed, (answer.text, agreed)
    else:
        words = shifted_text(said[0].text, start_s)
        checked = check(words, with_findings(evidence[0], findings))
        words, sentences = checked.text, (checked.text, answer.text)
        struck = len(checked.struck)
    text = " ".join(filter(None, sentences))
    return answer.model_copy(
        update={
            "text": text,
            "findings": findings,
            "struck": struck + unconfirmed,
            "model": model if words else None,
        }
    )


def _places(said: Said, evidence: Evidence, seen: Stretch | None) -> list[LocalizedFinding]:
    if seen is None:
        return read_findings(said, evidence.duration_s) or []
    found = shifted(read_findings(said, seen.seconds) or [], seen.start_s)
    return [one for one in found if waveform_of(one.finding) not in MODEL_SETS_BORDERS]
