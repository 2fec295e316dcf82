"""The answer to "where is what": written, held to a grammar, read back."""

from hypothesis import given
from hypothesis import strategies as st

from edge.labels import Waveform
from edge.localizer_answer import locate_grammar, locate_question, read_spans, spans_text

TENTHS = st.integers(0, 600)


@st.composite
def spans(draw):
    borders = sorted(draw(st.sets(TENTHS, min_size=2, max_size=12)))
    pairs = list(zip(borders[::2], borders[1::2], strict=False))
    return [(a / 10, b / 10) for a, b in pairs]


@given(st.dictionaries(st.sampled_from(Waveform), spans(), max_size=5))
def test_what_is_written_is_read(found):
    assert read_spans(spans_text(found), 60.0) == found


@given(st.text(max_size=80))
def test_any_text_is_read_or_is_none(text):
    found = read_spans(text, 10.0)
    assert found is None or all(a < b <= 10.0 for of in found.values() for a, b in of)


def test_question_names_codes_in_one_order():
    asked = [Waveform.ATRIAL_FIBRILLATION, Waveform.VENTRICULAR_BEAT]
    assert locate_question(asked) == "Locate V AFIB."


def test_grammar_holds_times_to_the_window():
    grammar = locate_grammar([Waveform.VENTRICULAR_BEAT], 10.0, 4)
    assert 'code ::= "V"' in grammar
    assert '" " ([0-9]) "." [0-9] "-" ([0-9] | "1" [0-0]) "." [0-9]' in grammar
