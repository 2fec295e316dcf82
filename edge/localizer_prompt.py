"""What the language model is asked about one ECG: where which waveform is, and what there is to say."""

from edge.ecg_prompt import EcgPlace, Shown, prompt_parts
from edge.evidence import Evidence
from edge.labels import Waveform
from edge.localizer_answer import locate_grammar, locate_question
from edge.localizer_request import Branch, LocalizerRequest
from edge.raw_ecg import RawEcg

REPORT_QUESTION = "Report."
MOST_SPANS = 8
_LOCATE_TOKENS, _REPORT_TOKENS = 160, 80
# one to four sentences of one line
_REPORT_GRAMMAR = "root ::= [A-Z0-9] [a-zA-Z0-9 ,.:%/()-]{1,300}"

LOCATED = (
    Waveform.VENTRICULAR_BEAT,
    Waveform.SUPRAVENTRICULAR_BEAT,
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK,
    Waveform.RIGHT_BUNDLE_BRANCH_BLOCK,
    Waveform.ATRIAL_FIBRILLATION,
    Waveform.ATRIAL_FLUTTER,
    Waveform.VENTRICULAR_TACHYCARDIA,
    Waveform.VENTRICULAR_FIBRILLATION,
    Waveform.VENTRICULAR_BIGEMINY,
    Waveform.VENTRICULAR_TRIGEMINY,
    Waveform.SUPRAVENTRICULAR_RUN,
)
"""What it was taught to locate on records with every beat and rhythm annotated."""


def look_at(ecg: RawEcg, evidence: Evidence | None) -> LocalizerRequest:
    """Locate everything, then report; both after the same beginning."""
    seconds = int(len(ecg.ecg_uv) / ecg.fs_hz)
    *beginning, opening = prompt_parts([Shown(ecg.leads, seconds, evidence)], "")
    grammar = locate_grammar(LOCATED, seconds, MOST_SPANS)
    return LocalizerRequest(
        (ecg,),
        tuple(beginning),
        (
            Branch(asked(opening, locate_question(LOCATED)), grammar, _LOCATE_TOKENS, points=True),
            Branch(asked(opening, REPORT_QUESTION), _REPORT_GRAMMAR, _REPORT_TOKENS),
        ),
    )


def asked(opening: str | EcgPlace, question: str) -> str:
    """The last text of a prompt without a question, with this one."""
    assert isinstance(opening, str), "a prompt ends with text"
    before, mark, after = opening.partition("<|im_end|>")
    return f"{before}{question}{mark}{after}"
