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

# WFDB annotation symbols to AAMI classes. `e` and `j` count as N, as in the de Chazal convention
# (the reference tool `bxb` counts them as S).
AAMI_CLASS_OF_SYMBOL: Final[dict[str, BeatClass]] = {
    **dict.fromkeys("NLRejBn", BeatClass.NORMAL),
    **dict.fromkeys("AaJS", BeatClass.SUPRAVENTRICULAR),
    **dict.fromkeys("VEr", BeatClass.VENTRICULAR),
    "F": BeatClass.FUSION,
    **dict.fromkeys("/fQ?", BeatClass.UNKNOWN),
}
