"""WIRE CONTRACT: the codes of beats, rhythms and findings, and the default priority of each finding.

Imports the standard library alone, so that the hub can read it without any edge dependency.
"""

from enum import StrEnum
from typing import Final


class BeatClass(StrEnum):
    """AAMI EC57 beat classes."""

    NORMAL = "N"
    SUPRAVENTRICULAR = "S"
    VENTRICULAR = "V"
    FUSION = "F"
    UNKNOWN = "Q"


class Rhythm(StrEnum):
    """Rhythm of a stretch of signal, with the code that WFDB writes after `(` where it has one."""

    NON_AF = "N"
    ATRIAL_FIBRILLATION = "AFIB"
    ATRIAL_FLUTTER = "AFL"
    SUPRAVENTRICULAR_TACHYCARDIA = "SVTA"
    VENTRICULAR_TACHYCARDIA = "VT"
    VENTRICULAR_FIBRILLATION = "VFL"
    BRADYCARDIA = "SBR"
    PACED = "P"
    NOISE = "NOISE"


class Finding(StrEnum):
    """What an episode is about."""

    VENTRICULAR_FIBRILLATION = "ventricular_fibrillation"
    ATRIAL_FIBRILLATION = "atrial_fibrillation"
    VENTRICULAR_TACHYCARDIA = "ventricular_tachycardia"
    VENTRICULAR_RUN = "ventricular_run"
    VENTRICULAR_COUPLET = "ventricular_couplet"
    VENTRICULAR_BIGEMINY = "ventricular_bigeminy"
    VENTRICULAR_TRIGEMINY = "ventricular_trigeminy"
    SUPRAVENTRICULAR_RUN = "supraventricular_run"
    PAUSE = "pause"
    BRADYCARDIA = "bradycardia"
    TACHYCARDIA = "tachycardia"
    UNANALYSABLE = "unanalysable"


class Waveform(StrEnum):
    """What can be pointed at on a strip, with the code that WFDB writes where it has one.

    `V` and `A` are single beats; `L` and `R` beats conducted with bundle branch block.
    """

    VENTRICULAR_BEAT = "V"
    SUPRAVENTRICULAR_BEAT = "A"
    LEFT_BUNDLE_BRANCH_BLOCK = "L"
    RIGHT_BUNDLE_BRANCH_BLOCK = "R"
    ATRIAL_FIBRILLATION = "AFIB"
    ATRIAL_FLUTTER = "AFL"
    VENTRICULAR_TACHYCARDIA = "VT"
    VENTRICULAR_FIBRILLATION = "VFL"
    VENTRICULAR_BIGEMINY = "B"
    VENTRICULAR_TRIGEMINY = "T"
    SUPRAVENTRICULAR_RUN = "SVTA"
    PAUSE = "PAUSE"
    BRADYCARDIA = "SBR"
    TACHYCARDIA = "TACHY"
    UNREADABLE = "NOISE"


class Priority(StrEnum):
    """Alarm priorities of IEC 60601-1-8, and `information` below them."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFORMATION = "information"


DEFAULT_PRIORITY: Final[dict[Finding, Priority]] = {
    Finding.VENTRICULAR_FIBRILLATION: Priority.HIGH,
    Finding.VENTRICULAR_TACHYCARDIA: Priority.HIGH,
    Finding.PAUSE: Priority.MEDIUM,
    Finding.ATRIAL_FIBRILLATION: Priority.MEDIUM,
    Finding.VENTRICULAR_RUN: Priority.MEDIUM,
    Finding.SUPRAVENTRICULAR_RUN: Priority.LOW,
    Finding.BRADYCARDIA: Priority.LOW,
    Finding.TACHYCARDIA: Priority.LOW,
    Finding.UNANALYSABLE: Priority.LOW,
    Finding.VENTRICULAR_COUPLET: Priority.INFORMATION,
    Finding.VENTRICULAR_BIGEMINY: Priority.INFORMATION,
    Finding.VENTRICULAR_TRIGEMINY: Priority.INFORMATION,
}

FINDING_NAMES: Final[dict[Finding, str]] = {
    Finding.VENTRICULAR_FIBRILLATION: "ventricular fibrillation or flutter",
    Finding.ATRIAL_FIBRILLATION: "atrial fibrillation",
    Finding.VENTRICULAR_TACHYCARDIA: "ventricular tachycardia",
    Finding.VENTRICULAR_RUN: "ventricular run",
    Finding.VENTRICULAR_COUPLET: "ventricular couplet",
    Finding.VENTRICULAR_BIGEMINY: "ventricular bigeminy",
    Finding.VENTRICULAR_TRIGEMINY: "ventricular trigeminy",
    Finding.SUPRAVENTRICULAR_RUN: "supraventricular run",
    Finding.PAUSE: "pause",
    Finding.BRADYCARDIA: "bradycardia",
    Finding.TACHYCARDIA: "tachycardia",
    Finding.UNANALYSABLE: "signal not analysable",
}

WAVEFORM_NAMES: Final[dict[Waveform, str]] = {
    Waveform.VENTRICULAR_BEAT: "ventricular ectopic beat",
    Waveform.SUPRAVENTRICULAR_BEAT: "supraventricular ectopic beat",
    Waveform.LEFT_BUNDLE_BRANCH_BLOCK: "left bundle branch block",
    Waveform.RIGHT_BUNDLE_BRANCH_BLOCK: "right bundle branch block",
    Waveform.ATRIAL_FIBRILLATION: "atrial fibrillation",
    Waveform.ATRIAL_FLUTTER: "atrial flutter",
    Waveform.VENTRICULAR_TACHYCARDIA: "ventricular tachycardia",
    Waveform.VENTRICULAR_FIBRILLATION: "ventricular fibrillation or flutter",
    Waveform.VENTRICULAR_BIGEMINY: "ventricular bigeminy",
    Waveform.VENTRICULAR_TRIGEMINY: "ventricular trigeminy",
    Waveform.SUPRAVENTRICULAR_RUN: "supraventricular run",
    Waveform.PAUSE: "pause",
    Waveform.BRADYCARDIA: "bradycardia",
    Waveform.TACHYCARDIA: "tachycardia",
    Waveform.UNREADABLE: "unreadable signal",
}

WAVEFORM_OF_FINDING: Final[dict[Finding, Waveform]] = {
    Finding.VENTRICULAR_FIBRILLATION: Waveform.VENTRICULAR_FIBRILLATION,
    Finding.ATRIAL_FIBRILLATION: Waveform.ATRIAL_FIBRILLATION,
    Finding.VENTRICULAR_TACHYCARDIA: Waveform.VENTRICULAR_TACHYCARDIA,
    Finding.VENTRICULAR_RUN: Waveform.VENTRICULAR_BEAT,
    Finding.VENTRICULAR_COUPLET: Waveform.VENTRICULAR_BEAT,
    Finding.VENTRICULAR_BIGEMINY: Waveform.VENTRICULAR_BIGEMINY,
    Finding.VENTRICULAR_TRIGEMINY: Waveform.VENTRICULAR_TRIGEMINY,
    Finding.SUPRAVENTRICULAR_RUN: Waveform.SUPRAVENTRICULAR_RUN,
    Finding.PAUSE: Waveform.PAUSE,
    Finding.BRADYCARDIA: Waveform.BRADYCARDIA,
    Finding.TACHYCARDIA: Waveform.TACHYCARDIA,
    Finding.UNANALYSABLE: Waveform.UNREADABLE,
}
"""What the localizer calls an episode's finding; a couplet and a slow run are ventricular beats."""

# WFDB annotation symbols to AAMI classes. `e` and `j` count as N, as in the de Chazal convention
# (the reference tool `bxb` counts them as S).
AAMI_CLASS_OF_SYMBOL: Final[dict[str, BeatClass]] = {
    **dict.fromkeys("NLRejBn", BeatClass.NORMAL),
    **dict.fromkeys("AaJS", BeatClass.SUPRAVENTRICULAR),
    **dict.fromkeys("VEr", BeatClass.VENTRICULAR),
    "F": BeatClass.FUSION,
    **dict.fromkeys("/fQ?", BeatClass.UNKNOWN),
}
