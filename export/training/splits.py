"""Who trains, who is held out. Always whole patients; mitdb DS2 is for the final figure only."""

# the inter-patient split of de Chazal 2004; 201 (DS1) and 202 (DS2) are one patient
DS1 = frozenset(map(str, (101, 106, 108, 109, 112, 114, 115, 116, 118, 119, 122))) | frozenset(
    map(str, (124, 201, 203, 205, 207, 208, 209, 215, 220, 223, 230))
)
DS2 = frozenset(map(str, (100, 103, 105, 111, 113, 117, 121, 123, 200, 202, 210))) | frozenset(
    map(str, (212, 213, 214, 219, 221, 222, 228, 231, 232, 233, 234))
)
PACED = frozenset(("102", "104", "107", "217"))  # in neither, by the standard; they teach pacing

# development patients: thresholds and choices are made on these
DEVELOPMENT = frozenset(("108", "119", "223", "800", "810", "861", "869"))

_HELD_OUT_EVERY = 5
_CU_HELD_OUT_EVERY = 3


def is_cinc2017_held_out(name: str) -> bool:
    """Records whose number ends in 00 to 09, a tenth."""
    return int(name[1:]) % 100 < 10


def is_ludb_held_out(name: str) -> bool:
    """Every fifth patient."""
    return int(name) % _HELD_OUT_EVERY == 0


def is_qtdb_held_out(name: str) -> bool:
    """All patients of DS2 and of development, and every fifth other; `selNNN` is NNN of mitdb or svdb."""
    number = name.removeprefix("sel")
    if number in DS2 | DEVELOPMENT:
        return True
    return number not in DS1 | PACED and int(number.lstrip("e")) % _HELD_OUT_EVERY == 0


def is_cudb_held_out(name: str) -> bool:
    """Every third patient."""
    return int(name.removeprefix("cu")) % _CU_HELD_OUT_EVERY == 0
