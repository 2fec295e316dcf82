"""What goes wrong in a round, and when: drawn from its seed alone."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk"]
Damage = Literal["none", "segment", "outbox"]
_KINDS: tuple[Kind, ...] = ("kill edge", "kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk")
_WITHIN_S = {"30": 3.3, "60": 2.0, "max": 1.2}


@dataclass(frozen=True, slots=True)
class Accident:
    """At `at_s` after the start; what can be undone is undone, and what can be restarted is, after `lasts_s`.

    `damage` is done to a file of an edge that was killed, at `place` (0 to 1) of its last bytes.
    """

    at_s: float
    kind: Kind
    lasts_s: float
    damage: Damage = "none"
    place: float = 0.0
    is_cut_off: bool = False

    def __str__(self) -> str:
        damage = "" if self.damage == "none" else f", {self.damage} {'cut' if self.is_cut_off else 'damaged'}"
        return f"{self.at_s:.2f} s {self.kind} for {self.lasts_s:.2f} s{damage}"


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
    """Three to six accidents within the seconds that an undisturbed edge is busy for."""
    random = Random(seed)
    speed, has_mosquitto = random.choice(list(_WITHIN_S)), random.choice((True, False))
    accidents = [_accident(random, _WITHIN_S[speed]) for _ in range(random.randint(3, 6))]
    return Plan(seed, has_mosquitto, speed, tuple(sorted(accidents, key=lambda one: one.at_s)))


def _accident(random: Random, within_s: float) -> Accident:
    return Accident(
        at_s=random.uniform(0.05, within_s),
        kind=random.choice(_KINDS),
        lasts_s=random.uniform(0.0, 0.6),
        damage=random.choice(("none", "none", "segment", "outbox")),
        place=random.random(),
        is_cut_off=random.choice((True, False)),
    )
