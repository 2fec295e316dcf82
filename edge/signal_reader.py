"""ECGs to what the language model reads: prepared, encoded, projected."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from edge.encoder import Encoder
from edge.errors import UserError
from edge.evidence import Evidence
from edge.filters import CausalBandpass
from edge.language_bundle import LanguageBundle
from edge.onnx_session import OnnxSession
from edge.raw_ecg import RawEcg
from edge.resampler import resample
from edge.soft_tokens import TOKENS_PER_SECOND, block_plan, block_rows, lead_code
from edge.window_reading import read_window

Float32 = npt.NDArray[np.float32]

_UV_PER_MV = 1000.0
_LONGEST_S = 60


@dataclass(frozen=True, slots=True, eq=False)
class ReadEcg:
    """Rows for the language model, and what the encoder alone measures on the window.

    `plan` says of each row which token it is, lead by lead, as `edge.soft_tokens.block_plan`;
    `features` are `[leads, tokens, features]`.
    """

    features: Float32
    rows: Float32
    plan: npt.NDArray[np.int64]
    evidence: Evidence

    @property
    def seconds(self) -> int:
        """Its length."""
        return int(self.features.shape[1]) // TOKENS_PER_SECOND

    @property
    def beats_s(self) -> list[float]:
        """Its beats."""
        return [beat.at_s for beat in self.evidence.beats]


class SignalReader:
    """Encoder and projector."""

    def __init__(self, encoder: Encoder, bundle: LanguageBundle) -> None:
        self._encoder = encoder
        self._projector = OnnxSession(bundle.projector)
        self._marks: Float32 = np.load(bundle.marks, allow_pickle=False)

    def read(self, ecg: RawEcg) -> ReadEcg:
        """Of the last whole seconds, up to a minute; raises `UserError` for less than one."""
        return self.read_prepared(self._prepared(ecg), ecg.leads)

    def read_prepared(self, ecg_mv: Float32, leads: Sequence[str]) -> ReadEcg:
        """`[leads, samples]` in mV, filtered, at the encoder's rate."""
        reading = read_window(self._encoder, ecg_mv, leads)
        return self._read(reading.features, reading.evidence)

    def piece(self, read: ReadEcg, start_s: int, stop_s: int) -> ReadEcg:
        """Some whole seconds of it, as if they were all; no spans and intervals go with them."""
        features = read.features[:, start_s * TOKENS_PER_SECOND : stop_s * TOKENS_PER_SECOND]
        seconds = float(stop_s - start_s)
        beats = tuple(
            replace(beat, at_s=beat.at_s - start_s)
            for beat in read.evidence.beats
            if start_s <= beat.at_s < stop_s
        )
        return self._read(features, Evidence(seconds, read.evidence.leads, beats, (), seconds))

    def _read(self, features: Float32, evidence: Evidence) -> ReadEcg:
        n_leads, n_tokens, _ = features.shape
        beats_s = [beat.at_s for beat in evidence.beats]
        plan = block_plan(n_tokens // TOKENS_PER_SECOND, n_leads, beats_s)
        return ReadEcg(features, self.rows(features, evidence.leads, beats_s), plan, evidence)

    def rows(self, features: Float32, leads: Sequence[str], beats_s: Sequence[float]) -> Float32:
        """`[rows, width]` of features `[leads, tokens, features]`."""
        n_leads, n_tokens, n_features = features.shape
        codes = np.repeat([lead_code(name) for name in leads], n_tokens)
        inputs = {"features": features.reshape(-1, n_features), "lead": codes}
        (tokens,) = self._projector.run(("rows",), inputs)
        return block_rows(tokens.reshape(n_leads, n_tokens, -1), self._marks, beats_s)

    def _prepared(self, ecg: RawEcg) -> Float32:
        fs = self._encoder.manifest.fs_hz
        at_model_rate = resample(ecg.ecg_uv / _UV_PER_MV, ecg.fs_hz, fs)
        seconds = min(len(at_model_rate) // fs, _LONGEST_S)
        if not seconds:
            raise UserError("less than a second of ECG: there is nothing to look at")
        filtered = CausalBandpass(fs).feed(at_model_rate)[-seconds * fs :]
        return np.ascontiguousarray(filtered.T, np.float32)
