from __future__ import annotations

import pytest

from resilience.base.errors import InputError
from resilience.base.plugins import BUILT_IN, find, names
from resilience.cli.cases import list_extensions


@pytest.mark.parametrize(("room", "name"), [(room, name) for room, some in BUILT_IN.items() for name in some])
def test_every_built_in_is_there(room, name):
    assert find(room, name) is not None
    assert name in names(room)


def test_a_wrong_name_lists_the_near_ones():
    with pytest.raises(InputError, match='in hazards under "lake-flod"; did you mean: lake-flood'):
        find("hazards", "lake-flod")


def test_code_of_a_case_needs_leave_a_file_and_the_class(tmp_path):
    (tmp_path / "mind.py").write_text("class Mind:\n    pass\n")
    assert find("agents", "mind.py:Mind", code=tmp_path).__name__ == "Mind"
    with pytest.raises(InputError, match="only with --allow-code"):
        find("agents", "mind.py:Mind")
    with pytest.raises(InputError, match="is not there"):
        find("agents", "gone.py:Mind", code=tmp_path)
    with pytest.raises(InputError, match='defines no "Soul"'):
        find("agents", "mind.py:Soul", code=tmp_path)


def test_extensions_are_listed_metrics_by_name():
    assert "travel/completed_trips" in list_extensions("metrics")
    assert list_extensions("hazards") == sorted(BUILT_IN["hazards"])
