"""Windows asked of the language model, several at once: each process has a model of its own."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from edge.encoder import Encoder
from edge.language_bundle import load_language_bundle
from edge.localizer import Localizer
from edge.localizer_process import ModelFiles
from edge.signal_reader import SignalReader
from export.evaluation.localization_systems import Located, Strips, Window, ask_model

_own: dict[str, tuple[Localizer, SignalReader]] = {}  # of this process


def asked_windows(
    files: ModelFiles, threads: int, strips: Strips, windows: Sequence[Window], jobs: int
) -> Iterator[Located]:
    """In the order of `windows`."""
    ask = partial(_asked, files, threads, strips)
    if jobs == 1:
        yield from map(ask, windows)
        return
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(ask, windows)


def _asked(files: ModelFiles, threads: int, strips: Strips, window: Window) -> Located:
    if "model" not in _own:
        reader = SignalReader(Encoder(files.encoder), load_language_bundle(files.language))
        _own["model"] = Localizer(files.model, files.language, files.encoder, threads), reader
    return ask_model(*_own["model"], strips, window)
