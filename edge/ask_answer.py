"""Answers to questions about the signal: measured first; the language model may add what is borne out.

Of two windows the measured verdict stands in the answer, whatever the model says; see `edge.comparison`.
"""

import asyncio
import logging

import numpy as np
import numpy.typing as npt

from edge.ask_desk import seconds_left
from edge.ask_measured import MeasuredAnswers
from edge.comparison import COMPARE_QUESTION, borne_out, changes, read_changes
from edge.ecg_prompt import Shown, prompt_parts
from edge.errors import UserError
from edge.events import AskAnswer, AskRequest
from edge.evidence import Evidence
from edge.fusion import fuse
from edge.grounding import check
from edge.localizer_answer import locate_grammar, locate_question
from edge.localizer_process import LocalizerError, LocalizerProcess
from edge.localizer_prompt import LOCATED, MOST_SPANS, asked
from edge.localizer_reading import read_findings, with_findings
from edge.localizer_request import Branch, LocalizerRequest, Said
from edge.raw_ecg import RawEcg
from edge.recorded_window import RecordedWindow

_LOG = logging.getLogger(__name__)

_LINE = "root ::= [A-Z0-9a-z] [a-zA-Z0-9 ,.;:%/()-]{0,300}"
_ANSWER_TOKENS, _LOCATE_TOKENS = 64, 160
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
        if len(windows) == 1 and not windows[0].is_whole:
            return answer  # its times would count from another moment than those that were measured
        try:
            asked_of_model = question_request(windows, evidence, request.question)
            async with asyncio.timeout(left_s):  # also where it is busy, or is being loaded
                said = await self._process.ask(asked_of_model, left_s)
        except (TimeoutError, LocalizerError, UserError, OSError) as error:
            _LOG.warning("language model: %s: %s", type(error).__name__, error)
            return answer
        return completed(answer, said.said, evidence, self._process.model.stem)


def question_request(
    windows: list[RecordedWindow], evidence: list[Evidence], question: str
) -> LocalizerRequest:
    """The question after all windows; for a single one also where everything is, for two what changed."""
    ecgs = tuple(map(_whole_seconds, windows))
    shown = [
        Shown(ecg.leads, int(len(ecg.ecg_uv) / ecg.fs_hz), one)
        for ecg, one in zip(ecgs, evidence, strict=True)
    ]
    *beginning, opening = prompt_parts(shown, "")
    wording = question if len(ecgs) == 1 else COMPARE_QUESTION
    branches = [Branch(asked(opening, wording), _LINE, _ANSWER_TOKENS)]
    if len(ecgs) == 1:
        grammar = locate_grammar(LOCATED, shown[0].duration_s, MOST_SPANS)
        where = asked(opening, locate_question(LOCATED))
        branches.append(Branch(where, grammar, _LOCATE_TOKENS, points=True))
    return LocalizerRequest(ecgs, tuple(beginning), tuple(branches))


def completed(answer: AskAnswer, said: tuple[Said, ...], evidence: list[Evidence], model: str) -> AskAnswer:
    """The measured answer, with the model's sentences that hold, and its places where it may name them.

    `model` is named only where a word of it is left.
    """
    findings, unconfirmed = answer.findings, 0
    if len(said) > 1:
        fused = fuse(evidence[0].spans, read_findings(said[1], evidence[0].duration_s) or [])
        findings, unconfirmed = fused.findings, fused.unconfirmed
    if len(evidence) > 1:
        items = read_changes(said[0].text)
        kept, struck = borne_out(items, changes(*evidence))
        struck += bool(said[0].text and not items)
        agreed = f"The language model says the same of {', '.join(kept)}." if kept else ""
        words, sentences = agreed, (answer.text, agreed)
    else:
        checked = check(said[0].text, with_findings(evidence[0], findings))
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


def _whole_seconds(window: RecordedWindow) -> RawEcg:
    """The longest stretch without a gap; times count from its start, which is the window's mostly."""
    stretches: list[list[npt.NDArray[np.int32]]] = []
    following = None
    for block in window.blocks:
        if block.first_index != following:
            stretches.append([])
        stretches[-1].append(block.ecg_uv)
        following = block.stop_index
    ecg_uv = max((np.concatenate(parts) for parts in stretches), key=len)
    n = int(int(len(ecg_uv) / window.fs_hz) * window.fs_hz)
    return RawEcg(ecg_uv[:n, :3].astype(np.int32), window.fs_hz, window.leads[:3])
