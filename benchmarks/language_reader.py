"""The language model as the benchmarks use it: windows in, answers out, at a free choice of prompt."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from benchmarks.workplace import Workplace
from edge.ecg_prompt import Shown, prompt_parts
from edge.encoder import Encoder
from edge.evidence import Evidence
from edge.language_bundle import DEFAULT_LANGUAGE_BUNDLE, load_language_bundle
from edge.language_model import default_path
from edge.localizer import Localizer
from edge.localizer_request import Branch, Said
from edge.signal_reader import ReadEcg, SignalReader

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class SeenEcg:
    """One window as the model gets it, its leads and seconds."""

    read: ReadEcg
    leads: tuple[str, ...]
    seconds: int

    @property
    def evidence(self) -> Evidence:
        """What was measured."""
        return self.read.evidence


@dataclass(frozen=True, slots=True)
class LanguageReader:
    """Encoder, projector, and the packaged language model with its adapter, on one thread."""

    localizer: Localizer
    reader: SignalReader

    @classmethod
    def of(cls, place: Workplace) -> Self:
        """Raises `UserError` where the language model is not installed, or a bundle does not fit."""
        language = DEFAULT_LANGUAGE_BUNDLE
        localizer = Localizer(default_path(), language, place.bundle, threads=1)
        return cls(localizer, SignalReader(Encoder(place.bundle), load_language_bundle(language)))

    def see(self, ecg_mv: Float32, leads: Sequence[str]) -> SeenEcg:
        """`[leads, samples]` in mV, filtered, at the encoder's rate; whole seconds are read."""
        seconds = ecg_mv.shape[1] // 128
        cut = np.ascontiguousarray(ecg_mv[:, : seconds * 128], np.float32)
        read = self.reader.read_prepared(cut, leads)
        return SeenEcg(read, tuple(leads), seconds)

    def ask(
        self,
        ecgs: Sequence[SeenEcg],
        question: str,
        *,
        with_evidence: bool,
        grammar: str | None = None,
        max_tokens: int = 80,
    ) -> Said:
        """The answer to one question about one ECG or several."""
        shown = [Shown(ecg.leads, ecg.seconds, ecg.evidence if with_evidence else None) for ecg in ecgs]
        *beginning, text = prompt_parts(shown, question)
        branch = Branch(str(text), grammar, max_tokens)
        return self.localizer.answers_of_read([ecg.read for ecg in ecgs], beginning, [branch])[0]
