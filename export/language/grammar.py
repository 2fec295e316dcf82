"""Greedy answers under a grammar, from logits of any source: torch and llama.cpp under the same rules."""

import ctypes
from collections.abc import Callable

import llama_cpp
import numpy as np
import numpy.typing as npt

from edge.errors import UserError
from export.language.llama_run import LlamaRun

Float32 = npt.NDArray[np.float32]

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


def greedy(
    run: LlamaRun, first: Float32, feed: Callable[[int], Float32], grammar: str | None, max_tokens: int
) -> list[int]:
    """Tokens of an answer without its end; `first` are the logits after the prompt, `feed` gives the next."""
    sampler = _sampler(run, grammar)
    ids: list[int] = []
    logits = first
    try:
        while len(ids) < max_tokens:
            code = _best(sampler, logits)
            if run.is_end(code):
                break
            ids.append(code)
            logits = feed(code)
    finally:
        llama_cpp.llama_sampler_free(sampler)
    return ids


def _sampler(run: LlamaRun, grammar: str | None) -> ctypes.c_void_p:
    chain = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
    if grammar:
        rules = llama_cpp.llama_sampler_init_grammar(run.vocabulary, grammar.encode(), b"root")
        if not rules:
            llama_cpp.llama_sampler_free(chain)
            raise UserError("llama.cpp does not understand the grammar")
        llama_cpp.llama_sampler_chain_add(chain, rules)
    llama_cpp.llama_sampler_chain_add(chain, llama_cpp.llama_sampler_init_greedy())
    return chain


def _best(sampler: ctypes.c_void_p, logits: Float32) -> int:
    candidates = np.zeros(len(logits), _CANDIDATE)
    candidates["id"], candidates["logit"] = np.arange(len(logits)), logits
    data = candidates.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token_data))
    array = llama_cpp.llama_token_data_array(data=data, size=len(logits), selected=-1, sorted=False)
    llama_cpp.llama_sampler_apply(sampler, ctypes.byref(array))
    code = int(array.data[array.selected].id)
    llama_cpp.llama_sampler_accept(sampler, code)
    return code
