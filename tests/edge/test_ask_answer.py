"""What the language model says of two windows never is the answer, and what it contradicts is struck."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from edge.ask_answer import completed
from edge.ask_measured import answer_sentences
from edge.events import AskAnswer
from edge.evidence import Evidence, EvidenceBeat
from edge.labels import BeatClass
from edge.localizer_request import Said

CALM = Evidence(
    10.0, ("I",), tuple(EvidenceBeat(i, BeatClass.NORMAL) for i in range(10)), (), 10.0, qrs_ms=90
)
FAST = Evidence(
    10.0, ("I",), tuple(EvidenceBeat(i / 2, BeatClass.NORMAL) for i in range(20)), (), 10.0, qrs_ms=92
)
BOTH = [CALM, FAST]


def measured() -> AskAnswer:
    text = " ".join(answer_sentences(BOTH, "compare now with yesterday"))
    return AskAnswer(question_id=uuid4(), device_id="d", status="answered", text=text)


def whole(words: str) -> AskAnswer:
    return completed(measured(), (Said(words, (0.9,) * len(words)),), BOTH, "m")


def test_a_contradiction_is_struck_and_the_measured_verdict_stands() -> None:
    answer = whole("rate same; rhythm same; ectopy more; intervals same")
    assert answer.text.startswith("In short: rate higher (60 to 120/min); rhythm same")
    assert answer.text.endswith("The language model says the same of rhythm, intervals.")
    assert answer.struck == 2


def test_words_that_are_no_comparison_change_nothing() -> None:
    answer = whole("There is atrial fibrillation.")
    assert (answer.text, answer.struck) == (measured().text, 1)
    assert whole("").struck == 0


@given(st.text(max_size=80))
def test_whatever_the_model_says_the_measured_text_comes_first_and_whole(words) -> None:
    assert whole(words).text.startswith(measured().text)
