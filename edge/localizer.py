"""The language model's process: sees ECGs as soft tokens, answers questions about them.

    python -m edge.localizer MODEL.gguf [--language BUNDLE] [--encoder BUNDLE] [--threads 1] [--smoke]

Reads one JSON request a line and answers each with one line. A process apart, because a model that hangs or
crashes must not take the stream with it.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from edge.bundle import DEFAULT_BUNDLE
from edge.ecg_prompt import EcgPlace
from edge.encoder import Encoder
from edge.errors import UserError
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, check_fits, load_language_bundle
from edge.llama_session import LlamaSession
from edge.localizer_request import Branch, Part, Said, decode_request, encode_answers
from edge.pointer import Pointer, in_order, pieces
from edge.raw_ecg import RawEcg
from edge.signal_reader import ReadEcg, SignalReader

Float32 = npt.NDArray[np.float32]


class Localizer:
    """Encoder, projector and language model. Raises `UserError` where they do not fit together."""

    def __init__(self, model: Path, language: Path, encoder: Path, threads: int) -> None:
        bundle, read = load_language_bundle(language), Encoder(encoder)
        check_fits(bundle, model, read.manifest)
        self._reader = SignalReader(read, bundle)
        self._session = LlamaSession(model, bundle.adapter, threads)
        self._pointer = Pointer(bundle) if bundle.manifest.pointer else None
        if self._session.width != bundle.manifest.width:
            raise UserError(
                f"{language}: width: rows are {bundle.manifest.width} wide,"
                f" the embeddings of {model.name} {self._session.width}"
            )

    def answers(
        self, ecgs: Sequence[RawEcg], beginning: Sequence[Part], branches: Sequence[Branch]
    ) -> list[Said]:
        """An answer to each question; what they share is read once."""
        return self.answers_of_read([self._reader.read(ecg) for ecg in ecgs], beginning, branches)

    def answers_of_read(
        self, read: Sequence[ReadEcg], beginning: Sequence[Part], branches: Sequence[Branch]
    ) -> list[Said]:
        """The same for ECGs that are read already."""
        session, pointed = self._session, None
        points = self._pointer is not None and any(branch.points for branch in branches)
        if points and len(pieces(read[0].seconds)) > 1:
            pointed = self._pointed_in_pieces(read[0], beginning)
        session.take_back()
        for part in beginning:
            if points and pointed is None and part == EcgPlace(0):
                pointed = self._pointed(read[0])
            else:
                session.feed(read[part.index].rows if isinstance(part, EcgPlace) else part)
        shared = session.position
        return [
            pointed if branch.points and pointed is not None else self._written(branch, shared)
            for branch in branches
        ]

    def _pointed(self, read: ReadEcg) -> Said:
        """Where everything is, by the model's states of the ECG as it is fed."""
        assert self._pointer is not None
        return self._pointer.answer(self._states(read), read.beats_s)

    def _pointed_in_pieces(self, read: ReadEcg, beginning: Sequence[Part]) -> Said:
        """Of a window longer than the pointer was taught, each piece in a prompt of its own."""
        assert self._pointer is not None
        opening = [str(part) for part in takewhile(lambda part: part != EcgPlace(0), beginning)]
        parts = []
        for piece in pieces(read.seconds):
            shown = self._reader.piece(read, piece.first_s, piece.last_s)
            self._session.take_back()
            for text in opening:
                self._session.feed(text)
            parts.append(self._pointer.probability(self._states(shown))[:, piece.own_tenths])
        return self._pointer.answer_of(np.concatenate(parts, axis=1), read.beats_s)

    def _states(self, read: ReadEcg) -> Float32:
        return in_order(self._session.feed_states(read.rows), read.plan, len(read.evidence.leads))

    def _written(self, branch: Branch, after: int) -> Said:
        """Token by token, under the grammar of the question."""
        session = self._session
        session.take_back(after)
        tokens = list(session.generate(session.feed(branch.text), branch.grammar, branch.max_tokens))
        probabilities = tuple(token.probability for token in tokens for _ in token.text)
        return Said("".join(token.text for token in tokens), probabilities)


def _serve(localizer: Localizer) -> None:
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            request = decode_request(line)
            answers = localizer.answers(request.ecgs, request.beginning, request.branches)
            print(encode_answers(answers), flush=True)
        except (UserError, ValueError, KeyError, TypeError) as error:
            print(json.dumps({"error": f"{error}"}), flush=True)


def _decode_one_token(model: Path, threads: int) -> None:
    session = LlamaSession(model, None, threads)
    list(session.generate(session.feed("ECG"), 'root ::= "a"', 1))


def main() -> int:
    """Command line of the child process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("--language", type=Path, default=DEFAULT_LANGUAGE_BUNDLE)
    parser.add_argument("--encoder", type=Path, default=DEFAULT_BUNDLE)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--smoke", action="store_true", help="decode one token and leave")
    arguments = parser.parse_args()
    os.nice(10)
    try:
        if arguments.smoke:
            _decode_one_token(arguments.model, arguments.threads)
            return 0
        localizer = Localizer(arguments.model, arguments.language, arguments.encoder, arguments.threads)
    except UserError as error:
        print(json.dumps({"refused": str(error)}), flush=True)
        return 2
    _serve(localizer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
