"""What a device is: its leads, rate and scale."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """`fs_hz` nominal rate; `adc_gain` counts per mV and `baseline` counts at 0 mV (as in WFDB)."""

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    adc_gain: float
    baseline: int = 0
