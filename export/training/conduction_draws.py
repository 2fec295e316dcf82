"""Shapes drawn evenly over patients, varied as leads, rates and recorders vary."""

from typing import Any

import numpy as np
import numpy.typing as npt

from edge.beat_shape import SHAPE_BEFORE, SHAPE_SAMPLES
from export.training.conduction_records import ConductionShape
from export.training.witness_lead import LEFT, NEITHER, RIGHT

Settings = dict[str, Any]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SAMPLES = np.arange(SHAPE_SAMPLES)
_T_WAVE = np.clip((_SAMPLES - SHAPE_BEFORE - 20) / 12, 0, 1)


class ShapeDraws:
    """First a block, then a patient with it, then one of his shapes, varied."""

    def __init__(self, known: list[ConductionShape], settings: Settings, seed: int) -> None:
        self._data, self._augment = settings["data"], settings["augment"]
        self._rng = np.random.default_rng(seed)
        self._patients: dict[int, list[list[ConductionShape]]] = {}
        for block in (NEITHER, LEFT, RIGHT):
            of_patient: dict[str, list[ConductionShape]] = {}
            for one in known:
                if one.block == block:
                    of_patient.setdefault(one.patient, []).append(one)
            self._patients[block] = list(of_patient.values())
        self._share = {block: self._shares(block) for block in self._patients}

    def draw(self, size: int) -> tuple[Float32, npt.NDArray[np.int64]]:
        """Shapes `[size, SHAPE_SAMPLES]` in mV, and the block of each."""
        blocks = self._rng.choice(3, size, p=self._data["classes"])
        return np.stack([self._one(int(block)) for block in blocks]).astype(np.float32), blocks

    def _shares(self, block: int) -> Float64:
        weights = [self._data["mitdb"] if "mitdb" in p[0].patient else 1.0 for p in self._patients[block]]
        return np.array(weights) / np.sum(weights)

    def _one(self, block: int) -> Float64:
        patients = self._patients[block]
        shapes = patients[self._rng.choice(len(patients), p=self._share[block])]
        return self._varied(self._mixed(shapes[self._rng.integers(len(shapes))]))

    def _mixed(self, one: ConductionShape) -> Float64:
        """Lead II with some of the others: MLII and the leads of wearables lie near it, not on it."""
        shape = one.shapes[0].astype(np.float64)
        if self._rng.random() < self._augment["plain"]:
            return shape
        for lead, other in zip(one.leads[1:], one.shapes[1:], strict=True):
            part = self._rng.normal(0, self._augment["mixed"][lead])
            shape += (abs(part) if lead == "V5" else part) * other
        return shape

    def _varied(self, shape: Float64) -> Float64:
        settings, rng = self._augment, self._rng
        scale = rng.uniform(1 - settings["scale"], 1 + settings["scale"])
        at = (_SAMPLES - SHAPE_BEFORE) * scale + SHAPE_BEFORE + rng.normal(0, settings["shift_samples"])
        shape = np.interp(at, _SAMPLES, shape)
        height = np.ptp(shape)
        shape += height * rng.normal(0, settings["drift"]) * np.linspace(-1, 1, SHAPE_SAMPLES)
        shape += height * rng.normal(0, settings["noise"] * rng.exponential(), SHAPE_SAMPLES)
        return shape * (1 + _T_WAVE * rng.normal(0, settings["t_wave"]))
