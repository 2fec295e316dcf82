"""What a device is: its leads, rate and scale."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """`fs_hz` nominal rate; `adc_gain` counts per mV and `baseline` counts at 0 mV (as in WFDB).

    Without leads it sends intervals between beats and no waveform; then `fs_hz` is the rate of their ticks.
    """

    name: str
    fs_hz: float
    leads: tuple[str, ...]
    adc_gain: float
    baseline: int = 0

    @property
    def described(self) -> str:
        """In one line for a person."""
        if not self.leads:
            return f"{self.name}: RR intervals alone, no ECG; rhythm by intervals, without strips"
        return f"{self.name}, {self.fs_hz:g} Hz, {', '.join(self.leads)}"
