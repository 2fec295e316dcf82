"""The words of sentences about an ECG. A word that is in no table is not understood."""

from typing import Final

from edge.grounding_subjects import Measure, Subject

_S = Subject
_NAMES: Final[dict[Subject, str]] = {
    _S.VENTRICULAR_BEAT: "ventricular ectopic beat|ventricular ectopic|ventricular ectopy"
    "|ectopic ventricular beat|ventricular beat|ventricular extrasystole"
    "|premature ventricular contraction|premature ventricular beat"
    "|premature ventricular complex|ventricular premature beat|ventricular premature contraction"
    "|ventricular premature complex|pvc|vpc|vpb|pvb|veb|wide early beat",
    _S.SUPRAVENTRICULAR_BEAT: "supraventricular ectopic beat|supraventricular ectopic|supraventricular ectopy"
    "|supraventricular beat|supraventricular extrasystole|premature supraventricular beat"
    "|supraventricular premature beat|premature atrial contraction|premature atrial beat"
    "|premature atrial complex|atrial premature beat|atrial premature contraction|atrial premature complex"
    "|atrial ectopic beat|atrial ectopic|atrial ectopy|atrial extrasystole|pac|apc|apb|sveb"
    "|narrow early beat",
    _S.ECTOPIC_BEAT: "ectopic beat|ectopic|ectopy|premature beat|extrasystole|early beat",
    _S.BEAT: "beat|heartbeat|heart beat|qrs complex",
    _S.NORMAL_BEAT: "normal beat|normal sinus beat|sinus beat|normally conducted beat",
    _S.FUSION_BEAT: "fusion beat",
    _S.UNKNOWN_BEAT: "unclassified beat|unknown beat",
    _S.COUPLET: "ventricular couplet|couplet|ventricular pair",
    _S.TRIPLET: "ventricular triplet|triplet",
    _S.RUN: "run|salvo",
    _S.VENTRICULAR_RUN: "ventricular run|ventricular salvo|run of ventricular ectopic beat"
    "|run of ventricular beat|run of pvc",
    _S.SUPRAVENTRICULAR_RUN: "supraventricular run|supraventricular tachycardia|svt|svta|psvt|atrial run"
    "|run of atrial beat|run of supraventricular beat|run of supraventricular ectopic beat|run of pac",
    _S.BIGEMINY: "ventricular bigeminy|bigeminy",
    _S.TRIGEMINY: "ventricular trigeminy|trigeminy",
    _S.ATRIAL_FIBRILLATION: "atrial fibrillation|af|afib|a fib|fibrillation of the atria",
    _S.ATRIAL_FLUTTER: "atrial flutter|flutter|afl|flutter of the atria",
    _S.FIBRILLATION: "fibrillation",
    _S.VENTRICULAR_TACHYCARDIA: "ventricular tachycardia|vt|v tach|nsvt|non sustained ventricular tachycardia"
    "|nonsustained ventricular tachycardia|non sustained vt|nonsustained vt",
    _S.VENTRICULAR_FIBRILLATION: "ventricular fibrillation or flutter|ventricular fibrillation|vf|v fib|vfib"
    "|ventricular flutter|vfl",
    _S.LEFT_BUNDLE_BRANCH_BLOCK: "left bundle branch block|left bundle branch block beat|lbbb"
    "|left bundle block",
    _S.RIGHT_BUNDLE_BRANCH_BLOCK: "right bundle branch block|right bundle branch block beat|rbbb"
    "|right bundle block",
    _S.BUNDLE_BRANCH_BLOCK: "bundle branch block|bbb",
    _S.PAUSE: "pause|long pause|sinus pause",
    _S.BRADYCARDIA: "bradycardia",
    _S.TACHYCARDIA: "tachycardia",
    _S.SINUS_RHYTHM: "sinus rhythm|sr",
    _S.NORMAL_SINUS_RHYTHM: "normal sinus rhythm|normal rhythm|nsr",
    _S.REGULAR: "regular|regular rhythm|regular interval|interval regular|rhythm regular",
    _S.IRREGULAR: "irregular|irregularly irregular|irregular rhythm|irregular interval|irregularity",
    _S.NOISE: "noise|noisy|artefact|artifact|unreadable|unreadable signal|signal unreadable|signal noisy"
    "|noisy signal|not readable|not analysable|unanalysable|poor signal|poor signal quality",
    _S.READABLE: "readable|analysable|readable signal|clean signal|good signal|good signal quality",
    _S.ABNORMALITY: "abnormal|abnormality|abnormal waveform|finding|abnormal finding|abnormal beat"
    "|arrhythmia",
}
_RATE, _PR, _QRS, _QT = ("heart rate", "rate"), ("pr",), ("qrs", "qrs complex"), ("qt", "qtc")
_ADJECTIVES: Final[dict[Subject, tuple[str, tuple[str, ...]]]] = {
    _S.SLOW_RATE: ("slow|low", _RATE),
    _S.NORMAL_RATE: ("normal", _RATE),
    _S.FAST_RATE: ("fast|rapid|high", _RATE),
    _S.SHORT_PR: ("short", _PR),
    _S.NORMAL_PR: ("normal", _PR),
    _S.LONG_PR: ("long|prolonged", _PR),
    _S.NARROW_QRS: ("narrow|normal", _QRS),
    _S.WIDE_QRS: ("wide|broad|prolonged|widened", _QRS),
    _S.SHORT_QT: ("short", _QT),
    _S.NORMAL_QT: ("normal", _QT),
    _S.LONG_QT: ("long|prolonged", _QT),
    _S.P_WAVES: ("visible|clear", ("p wave",)),
}
_MEASURES: Final[dict[Measure, str]] = {
    Measure.PR: "pr|pr interval|pr duration|pq|pq interval",
    Measure.QRS: "qrs|qrs duration|qrs width|qrs interval",
    Measure.QT: "qt|qt interval|qt duration",
    Measure.QTC: "qtc|qtc interval|corrected qt|corrected qt interval",
    Measure.RR: "rr|rr interval|r r|r r interval|mean rr|mean rr interval",
    Measure.LONGEST_RR: "longest rr|longest rr interval",
    Measure.RATE: "heart rate|rate|ventricular rate|pulse",
}
_NUMERALS: Final = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen
twenty thirty forty fifty sixty seventy eighty ninety
"""
_ONES, _TENS = _NUMERALS.split()[:20], _NUMERALS.split()[20:]
_NUMBERS: Final[dict[str, int]] = {
    "single": 1,
    **{word: n for n, word in enumerate(_ONES)},
    **{word: 10 * n for n, word in enumerate(_TENS, 2)},
    **{f"{tens} {ones}": 10 * n + m for n, tens in enumerate(_TENS, 2) for m, ones in enumerate(_ONES[:10])},
}
_SIGNS: Final[dict[str, str]] = {
    "s": "s|sec|second",
    "m": "ms|msec|millisecond",
    "r": "bpm|/ min|/ minute|per minute|beat per minute|beat / min|beat / minute",
    "%": "%|percent|per cent",
    "X": "no|not|without|absent|absence|nothing|free|nor|neither|lacks",
    "a": "at",
    "f": "from",
    "t": "to|until|till",
    "b": "between",
    "&": "and",
    "o": "or",
    "d": "for|lasting|lasts|lasted|last",
    "O": "of",
    "i": "in|over|during|within",
    "W": "strip|window|recording|signal|trace|ecg|segment|lead|tracing",
    "H": "throughout|entire|whole",
    "B": "start|starting|started|begin|beginning|began|onset",
    "E": "end|ending|ended|stop",
    "y": "yes",
    "": "a|an|the|is|are|was|were|be|been|there|this|that|these|those|it|its|on|with|has|have|having|show"
    "|showing|showed|shown|see|seen|visible|found|present|presence|detected|observed|noted|measured|recorded"
    "|contain|include|occur|heart|rhythm|about|approximately|around|roughly|also|here|evidence|sign|episode"
    "|stretch|interval|duration|mean|average|median|likely|probably|possible|probable|suggest|consistent|we|i|say|read",
}
_BEYOND: Final = """
infarction infarct ischemia ischaemia ischemic ischaemic stemi nstemi st elevation depression attack stroke
embolism myocarditis pericarditis cardiomyopathy hypertrophy coronary angina failure disease syndrome
hyperkalemia hyperkalaemia hypokalemia hypokalaemia hypertension diabetes anxiety stress caffeine alcohol
electrolyte thyroid cause caused causes because due risk prognosis benign malignant dangerous harmless
healthy safe fatal die death dying survive treatment treat medication medicine drug dose beta blocker
anticoagulant anticoagulation ablation pacemaker stent surgery hospital emergency urgent doctor axis
diagnosis diagnostic blockage wenckebach mobitz wpw brugada asystole paced
"""
UNSUPPORTED: Final = frozenset(_BEYOND.split())
"""An ECG of one lead and ten seconds cannot say this, or nothing here measures it."""

HARMLESS: Final = frozenset({
    "an ecg strip cannot answer that", "an ecg strip cannot answer that; please ask a clinician",
    "please ask a clinician", "no statement",
})  # fmt: skip
"""Whole sentences that say nothing of the signal."""

Meaning = tuple[str, Subject | Measure | float | None]
"""A sign of the grammar, and what stands behind it."""


def _phrases() -> dict[tuple[str, ...], Meaning]:
    table: dict[tuple[str, ...], Meaning] = {}
    for sign, names in _SIGNS.items():
        table |= {tuple(name.split()): (sign, None) for name in names.split("|")}
    table |= {tuple(words.split()): ("N", float(n)) for words, n in _NUMBERS.items()}
    for measure, names in _MEASURES.items():
        table |= {tuple(name.split()): ("M", measure) for name in names.split("|")}
    for subject, (adjectives, nouns) in _ADJECTIVES.items():
        for adjective in adjectives.split("|"):
            table |= {phrase: ("S", subject) for noun in nouns for phrase in _qualified(adjective, noun)}
    for subject, names in _NAMES.items():
        table |= {tuple(name.split()): ("S", subject) for name in names.split("|")}
    return table | {("p", "wave"): ("S", _S.P_WAVES)}


def _qualified(adjective: str, noun: str) -> list[tuple[str, ...]]:
    """`prolonged qt`, `prolonged qt interval`, `qt is prolonged`, `qt interval is prolonged`."""
    nouns = [noun, f"{noun} interval", f"{noun} duration"]
    texts = [f"{adjective} {name}" for name in nouns]
    texts += [f"{name} {link}{adjective}" for name in nouns for link in ("", "is ", "are ")]
    return [tuple(text.split()) for text in texts]


PHRASES: Final = _phrases()
"""Words in the singular, in order, to their meaning; the longest phrase counts."""

_IN_PHRASES: Final = frozenset(word for phrase in PHRASES for word in phrase)


def singular(word: str) -> str:
    """The form in which a word is in the tables."""
    if word in _IN_PHRASES or word in UNSUPPORTED:
        return word
    ending = next((e for e in ("es", "s") if word.endswith(e) and word[: -len(e)] in _IN_PHRASES), "")
    return word.removesuffix(ending)
