"""What goes wrong in a round, and when: drawn from its seed alone."""

from dataclasses import dataclass
from random import Random
from typing import Literal

Kind = Literal["kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk", "move clock"]
Damage = Literal["none", "segment", "outbox"]
Whose = tuple[Literal["edge", "hub"], ...]
_KINDS: tuple[Kind, ...] = ("kill edge", "kill edge", "kill hub", "kill broker", "cut", "stall", "fill disk")
_SPEEDS = ("50", "100", "max")
_WHOSE: tuple[Whose, ...] = (("edge",), ("hub",), ("edge", "hub"))
_HOUR_S, _YEAR_S = 3600.0, 365.25 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Accident:
    """`delay_s` after the recorder has `share` of the samples; undone or restarted after `lasts_s`.

    `damage` is done to a file of an edge that was killed, at `place` (0 to 1) of its last bytes. A clock is
    moved to `moved_s` from the true time, and set right again where it `comes_back`.
    """

    share: float
    delay_s: float
    kind: Kind
    lasts_s: float
    damage: Damage = "none"
    place: float = 0.0
    is_cut_off: bool = False
    whose: Whose = ()
    moved_s: float = 0.0
    comes_back: bool = False

    def __str__(self) -> str:
        if self.whose:
            back = f", back after {self.lasts_s:.2f} s" if self.comes_back else ""
            moved = f"clock of {' and '.join(self.whose)} moved by {self.moved_s:.0f} s"
            return f"{moved} at {self.share:.0%}+{self.delay_s:.2f} s{back}"
        damage = "" if self.damage == "none" else f", {self.damage} {'cut' if self.is_cut_off else 'damaged'}"
        return f"{self.kind} at {self.share:.0%}+{self.delay_s:.2f} s for {self.lasts_s:.2f} s{damage}"


@dataclass(frozen=True, slots=True)
class Rot:
    """Damage to a file of a recording that the hub has confirmed, at `place` of the file `which` (0 to 1)."""

    which: float
    place: float
    is_cut_off: bool

    def __str__(self) -> str:
        return f"rot of file {self.which:.0%} at {self.place:.0%}{', cut' if self.is_cut_off else ''}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One round."""

    seed: int
    has_mosquitto: bool
    speed: str
    accidents: tuple[Accident, ...]
    rot: Rot | None

    def __str__(self) -> str:
        broker = "mosquitto" if self.has_mosquitto else "embedded broker"
        all_of_it = [*self.accidents, *([self.rot] if self.rot else [])]
        return f"seed {self.seed}: {broker}, speed {self.speed}; {'; '.join(map(str, all_of_it))}"


def draw(seed: int) -> Plan:
    """Three to six accidents, from before the first sample to after the last; clocks and rot beside them."""
    random, others = Random(seed), Random(f"{seed} clock and rot")
    speed, has_mosquitto = random.choice(_SPEEDS), random.choice((True, False))
    accidents = [_accident(random) for _ in range(random.randint(3, 6))]
    accidents += [_clock(others) for _ in range(others.randint(0, 2))]
    rot = Rot(others.random(), others.random(), others.choice((True, False)))
    has_rot = others.random() < 1 / 3
    in_order = tuple(sorted(accidents, key=lambda one: one.share))
    return Plan(seed, has_mosquitto, speed, in_order, rot if has_rot else None)


def _clock(random: Random) -> Accident:
    """A wrong hour, a leap of NTP, or the years that a computer without a clock of its own is behind."""
    hours_s, years_s = random.uniform(-2, 2) * _HOUR_S, -random.uniform(1, 10) * _YEAR_S
    return Accident(
        share=random.choice((0.0, 1.0, *(random.random() for _ in range(8)))),
        delay_s=random.choice((0.0, random.uniform(0.0, 0.4))),
        kind="move clock",
        lasts_s=random.uniform(0.0, 0.6),
        whose=random.choice(_WHOSE),
        moved_s=random.choice((hours_s, hours_s, hours_s, years_s)),
        comes_back=random.choice((True, False)),
    )


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
