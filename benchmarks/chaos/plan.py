"""What goes wrong in a round, and when: drawn from its seed alone."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk"]
Damage = Literal["none", "segment", "outbox"]
_KINDS: tuple[Kind, ...] = ("kill edge", "kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk")
_SPEEDS = ("50", "100", "max")


@dataclass(frozen=True, slots=True)
class Accident:
    """`delay_s` after the recorder has `share` of the samples; undone or restarted after `lasts_s`.

    `damage` is done to a file of an edge that was killed, at `place` (0 to 1) of its last bytes.
    """

    share: float
    delay_s: float
    kind: Kind
    lasts_s: float
    damage: Damage = "none"
    place: float = 0.0
    is_cut_off: bool = False

    def __str__(self) -> str:
        damage = "" if self.damage == "none" else f", {self.damage} {'cut' if self.is_cut_off else 'damaged'}"
        return f"{self.kind} at {self.share:.0%}+{self.delay_s:.2f} s for {self.lasts_s:.2f} s{damage}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One round."""

    seed: int
    has_mosquitto: bool
    speed: str
    accidents: tuple[Accident, ...]

    def __str__(self) -> str:
        broker = "mosquitto" if self.has_mosquitto else "embedded broker"
        return f"seed {self.seed}: {broker}, speed {self.speed}; {'; '.join(map(str, self.accidents))}"


def draw(seed: int) -> Plan:
    """Three to six accidents, from before the first sample to after the last."""
    random = Random(seed)
    speed, has_mosquitto = random.choice(_SPEEDS), random.choice((True, False))
    accidents = [_accident(random) for _ in range(random.randint(3, 6))]
    return Plan(seed, has_mosquitto, speed, tuple(sorted(accidents, key=lambda one: one.share)))


def _accident(random: Random) -> Accident:
    return Accident(
        share=random.choice((0.0, 1.0, *(random.random() for _ in range(8)))),
        delay_s=random.choice((0.0, random.uniform(0.0, 0.4))),
        kind=random.choice(_KINDS),
        lasts_s=random.uniform(0.0, 0.6),
        damage=random.choice(("none", "none", "segment", "outbox")),
        place=random.random(),
        is_cut_off=random.choice((True, False)),
    )
