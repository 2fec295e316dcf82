"""Each rule of the episode-by-episode comparison, on rhythm changes placed by hand; durations in samples."""

import pytest

from export.evaluation.episode_reader import EpisodeKind
from export.evaluation.episodes import Tally, score_episodes
from export.evaluation.period import Options
from export.evaluation.summary import episode_row


def rhythms(*changes):
    return [(second, "+", f"({rhythm}") for second, rhythm in changes]


def score(made, kind=EpisodeKind.AF, **options):
    result = score_episodes(made, kind, Options(**options))
    return result.reference, result.test


def test_any_overlap_is_a_hit_and_seconds_are_counted(record) -> None:
    made = record(rhythms((310, "AFIB"), (320, "N")), rhythms((318, "AFIB"), (328, "N")))
    assert score(made) == (Tally(1, 0, 1000, 200), Tally(1, 0, 1000, 200))
    figures = episode_row(score_episodes(made, EpisodeKind.AF))
    assert [figures[name] for name in ("ESe", "E+P", "DSe", "D+P", "Ref duration")] == [
        100,
        100,
        20,
        20,
        10000,
    ]


def test_one_long_episode_found_in_two_parts(record) -> None:
    found = rhythms((310, "AFIB"), (320, "N"), (330, "AFIB"), (340, "N"))
    made = record(rhythms((305, "AFIB"), (345, "N")), found)
    assert score(made) == (Tally(1, 0, 4000, 2000), Tally(2, 0, 2000, 2000))


def test_touching_is_no_overlap(record) -> None:
    made = record(rhythms((310, "AFIB"), (320, "N")), rhythms((320, "AFIB"), (330, "N")))
    assert score(made) == (Tally(0, 1, 1000, 0), Tally(0, 1, 1000, 0))


def test_only_the_part_in_the_scored_time_counts(record) -> None:
    made = record(rhythms((200, "AFIB"), (310, "N")), rhythms((290, "AFIB"), (305, "N")))
    assert score(made) == (Tally(1, 0, 1000, 500), Tally(1, 0, 500, 500))
    assert score(record(rhythms((200, "AFIB"), (299, "N")), [])) == (Tally(), Tally())
    assert score(made, stop_s=302) == (Tally(1, 0, 200, 200), Tally(1, 0, 200, 200))


def test_an_episode_without_end_lasts_to_the_end_of_the_record(record) -> None:
    made = record(rhythms((310, "AFIB")), [], duration_s=400)
    assert score(made)[0] == Tally(0, 1, 9000, 0)


def test_a_repeated_rhythm_does_not_end_an_episode(record) -> None:
    made = record(rhythms((310, "AFIB"), (315, "AFIB"), (320, "N")), [])
    assert score(made)[0] == Tally(0, 1, 1000, 0)


def test_flutter_is_not_af_and_ends_it(record) -> None:
    made = record(rhythms((310, "AFIB"), (320, "AFL"), (330, "N")), [])
    assert score(made)[0] == Tally(0, 1, 1000, 0)


def test_af_of_the_detector_in_flutter_counts_against_it_by_the_rule_of_2007_and_not_by_that_of_1998(
    record,
) -> None:
    made = record(rhythms((310, "AFL"), (330, "N")), rhythms((312, "AFIB"), (320, "N")))
    assert score(made)[1] == Tally(0, 1, 800, 0)
    assert score(made, excludes_flutter=True)[1] == Tally()


def test_flutter_inside_and_at_the_end_of_af_is_left_out_by_the_rule_of_1998(record) -> None:
    reference = rhythms((310, "AFIB"), (320, "AFL"), (330, "AFIB"), (340, "N"))
    made = record(reference, rhythms((310, "AFIB"), (340, "N")))
    assert score(made, excludes_flutter=True)[1].duration == 2000
    made = record(rhythms((310, "AFIB"), (320, "AFL"), (330, "N")), rhythms((310, "AFIB"), (325, "N")))
    assert score(made, excludes_flutter=True)[1] == Tally(1, 0, 1000, 1000)


def test_short_episodes_can_be_left_out(record) -> None:
    made = record(rhythms((310, "AFIB"), (315, "N"), (320, "AFIB"), (360, "N")), [])
    assert score(made, shortest_episode_s=30)[0] == Tally(0, 1, 4000, 0)


def test_ventricular_flutter_and_fibrillation(record) -> None:
    made = record([(310, "["), (320, "]")], [(312, "["), (314, "]"), (340, "["), (341, "]")])
    assert score(made, EpisodeKind.VF) == (Tally(1, 0, 1000, 200), Tally(1, 1, 300, 200))


@pytest.mark.parametrize(("first_s", "is_hit"), [(311, True), (316, False)])
def test_st_is_hit_at_its_extremum_or_by_half(record, first_s, is_hit) -> None:
    reference = [(310, "s", "(ST0+"), (312, "s", "AST0+150"), (320, "s", "ST0+)")]
    made = record(reference, [(first_s, "s", "(ST0+"), (first_s + 2, "s", "ST0+)")])
    assert score(made, EpisodeKind.ST0)[0].matched == is_hit
    assert score(made, EpisodeKind.ST1) == (Tally(), Tally())
    half = record(reference, [(314, "s", "(ST0+"), (319, "s", "ST0+)")])
    assert score(half, EpisodeKind.ST0)[0].matched == 1


def test_st_of_both_signals_is_one_episode(record) -> None:
    reference = [(310, "s", "(ST0+"), (312, "s", "(ST1+"), (320, "s", "ST0+)"), (330, "s", "ST1+)")]
    assert score(record(reference, []), EpisodeKind.ST)[0] == Tally(0, 1, 2000, 0)
