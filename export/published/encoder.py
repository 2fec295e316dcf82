"""What every converted encoder says of itself, whatever its family."""

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True, slots=True)
class EcgInput:
    """The window that the encoder was trained on; `preparation` is what its publishers did before."""

    n_leads: int
    n_samples: int
    fs_hz: int
    lead_order: str
    unit: str
    preparation: str
    longer_recordings: str


@dataclass(frozen=True, slots=True)
class PublishedEncoder:
    """`module` maps `ecg` `[batch, leads, samples]` to one tensor for each of `outputs`, in their order."""

    module: nn.Module
    sizes: dict[str, int]
    ecg: EcgInput
    outputs: dict[str, str]
