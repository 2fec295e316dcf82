"""What two reports of one patient say of a change, and what they do not."""

from pathlib import Path

import pytest

from benchmarks.comparison_ptbxl import _by_statements, _patients


@pytest.mark.parametrize(
    ("before", "after", "truth"),
    [
        ({"SR"}, {"SR", "PVC"}, {"rhythm": "same", "ectopy": "more"}),
        ({"SR", "PAC"}, {"AFIB"}, {"rhythm": "changed", "ectopy": "less"}),
        ({"AFLT"}, {"AFLT", "LVH"}, {"rhythm": "same", "ectopy": "same"}),
        ({"SR", "PVC"}, {"SR", "PVC", "PAC"}, {"rhythm": "same"}),
    ],
)
def test_statements_say_what_changed_where_they_can(before, after, truth):
    assert _by_statements(frozenset(before), frozenset(after)) == truth


def test_only_held_out_patients_with_a_signal_are_read_in_order_of_time(tmp_path: Path):
    lines = ["patient_id,strat_fold,recording_date,filename_hr,scp_codes"]
    for number, (patient, fold, day) in enumerate([(7, 10, 3), (7, 10, 1), (8, 5, 1), (9, 9, 2)]):
        lines.append(f"{patient},{fold},1990-01-0{day},r{number},\"{{'SR': 0.0}}\"")
        if number != 3:
            (tmp_path / f"r{number}.hea").touch()
    (tmp_path / "ptbxl_database.csv").write_text("\n".join(lines))
    found = _patients(tmp_path)
    assert {patient: [path.name for path, _ in ecgs] for patient, ecgs in found.items()} == {
        "7": ["r1", "r0"]
    }
