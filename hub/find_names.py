"""Which findings a question clearly names: a table that a clinician can read."""

from dataclasses import dataclass
from typing import Final

from edge.labels import Finding
from edge.text_features import words_of

_V_RUNS: Final = (Finding.VENTRICULAR_RUN, Finding.VENTRICULAR_TACHYCARDIA)

# a phrase counts where its words follow each other in the question; longer ones are looked for first.
# single wide beats are no finding and have no entry
_PHRASES: Final[tuple[tuple[tuple[Finding, ...], str], ...]] = (
    ((Finding.VENTRICULAR_FIBRILLATION,), "ventricular fibrillation, ventricular flutter, vf, v fib, vfib"),
    (
        (Finding.ATRIAL_FIBRILLATION,),
        "atrial fibrillation, atrial fib, af, a fib, afib, irregularly irregular, without p waves, "
        "no p waves, absent p waves",
    ),
    (
        (Finding.VENTRICULAR_TACHYCARDIA,),
        "ventricular tachycardia, vt, v tach, vtach, wide complex tachycardia, broad complex tachycardia, "
        "fast wide beats, fast broad beats",
    ),
    (
        _V_RUNS,
        "ventricular run, ventricular runs, ventricular salvo, ventricular salvos, run of BEATS, "
        "runs of BEATS, salvos of BEATS, row of BEATS, series of BEATS, BEATS in a row",
    ),
    (
        (Finding.VENTRICULAR_COUPLET,),
        "couplet, couplets, ventricular couplet, ventricular couplets, two BEATS, pair of BEATS, "
        "pairs of BEATS, two BEATS in a row",
    ),
    (
        (Finding.VENTRICULAR_BIGEMINY,),
        "bigeminy, bigeminus, ventricular bigeminy, every second beat, every other beat",
    ),
    ((Finding.VENTRICULAR_TRIGEMINY,), "trigeminy, trigeminus, ventricular trigeminy, every third beat"),
    (
        (Finding.SUPRAVENTRICULAR_RUN,),
        "supraventricular run, supraventricular runs, supraventricular tachycardia, svt, psvt, atrial run, "
        "atrial runs, atrial tachycardia, runs of pacs, runs of early narrow beats",
    ),
    ((Finding.PAUSE,), "pause, pauses, asystole, sinus arrest, missing beats, missed beats, heart stopped"),
    (
        (Finding.BRADYCARDIA,),
        "bradycardia, sinus bradycardia, slow heart, slow heart rate, slow pulse, slow rhythm, "
        "low heart rate, low pulse, slow heartbeat",
    ),
    (
        (Finding.TACHYCARDIA,),
        "tachycardia, sinus tachycardia, fast heart, fast heart rate, fast pulse, racing heart, "
        "heart racing, high heart rate, rapid heart rate, fast heartbeat",
    ),
    (
        (Finding.UNANALYSABLE,),
        "noise, noisy, artefact, artefacts, artifact, artifacts, unreadable, bad signal, not analysable, "
        "poor contact, bad contact, signal quality",
    ),
)
_BEATS: Final = (
    "wide beats",
    "broad beats",
    "ventricular beats",
    "ventricular ectopic beats",
    "pvc",
    "pvcs",
    "ves",
)


def _spelled(phrases: str) -> list[str]:
    """`BEATS` stands for each name of ventricular beats."""
    return [
        phrase.replace("BEATS", beats)
        for phrase in phrases.split(", ")
        for beats in (_BEATS if "BEATS" in phrase else ("",))
    ]


_BY_WORDS: Final = {
    words_of(phrase): (phrase, found) for found, phrases in _PHRASES for phrase in _spelled(phrases)
}
_LONGEST: Final = max(map(len, _BY_WORDS))
_DENIALS: Final = frozenset(("no", "not", "without", "never", "except", "but"))


@dataclass(frozen=True, slots=True)
class Named:
    """Findings in the order in which the question names them, and the phrases that do."""

    findings: tuple[Finding, ...]
    phrases: tuple[str, ...]


def named_findings(question: str) -> Named:
    """Each word is used once, longest phrase first; a phrase right after `no` or `without` does not count."""
    words, at = words_of(question), 0
    findings: dict[Finding, None] = {}
    phrases: list[str] = []
    while at < len(words):
        n = next((n for n in range(_LONGEST, 0, -1) if words[at : at + n] in _BY_WORDS), 0)
        if n and (at == 0 or words[at - 1] not in _DENIALS):
            phrase, found = _BY_WORDS[words[at : at + n]]
            phrases.append(phrase)
            findings |= dict.fromkeys(found)
        at += max(n, 1)
    return Named(tuple(findings), tuple(phrases))
