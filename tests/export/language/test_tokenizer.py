"""The tokenizer of the packaged model cuts every text as llama.cpp does."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edge.errors import UserError
from edge.language_model import default_path
from export.language.base import load_base
from export.language.tokenizer import tokenizer_of_gguf

llama_session = pytest.importorskip("edge.llama_session", reason="llama-cpp-python is not installed")
needs_model = pytest.mark.skipif(
    not default_path().is_file(), reason="no language model: hearth models install"
)
# bytes of other control characters and of unassigned planes are not in the vocabulary
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cn", "Co", "Cs"]), max_size=12)
MARKED = st.sampled_from(["<|im_start|>", "<|im_end|>", "V2", " 3.75 s", "\n", "1024", "'s", "  ", "\r\n\t"])


@pytest.fixture(scope="module")
def packaged():
    with llama_session.LlamaSession(default_path(), context_tokens=64) as run:
        yield tokenizer_of_gguf(default_path()), run


@needs_model
@given(st.lists(TEXT | MARKED, max_size=8).map("".join))
@settings(max_examples=200, deadline=None)
@example("<|im_start|>user\nWhat is at 3.75 s in lead V2?<|im_end|>\n<|im_start|>assistant\n")
@example("Größe ≥ 0,1 mV – 房颤 🫀\u200b\u00a0\ufffd")
@example('{"onset_s": [3.75, 1024]}\r\n\t x')
def test_ids_are_those_of_llama_cpp(packaged, text) -> None:
    tokenizer, run = packaged
    assert tokenizer(text).input_ids == run.ids(text)


@needs_model
def test_ends_as_the_file_says_and_begins_with_nothing(packaged) -> None:
    tokenizer, run = packaged
    assert (tokenizer.eos_token, tokenizer.eos_token_id) == ("<|im_end|>", 2)
    assert run.is_end(2)
    assert tokenizer("").input_ids == []
    said = tokenizer.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
    assert said.endswith("<|im_start|>user\nHi<|im_end|>\n")


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(UserError, match=r"none\.gguf: no such language model"):
        load_base(tmp_path / "none.gguf")
