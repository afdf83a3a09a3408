from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from resilience.base.errors import InputError
from resilience.base.plugins import BUILT_IN, find
from resilience.measures.crews import ExtraCrew
from resilience.measures.generator import BackupGenerator
from resilience.measures.raising import FloodProof, RaiseRoad

RIVERSIDE = "road.name == 'Riverside Drive'"
ACTING = {
    "raise-road": RaiseRoad(RIVERSIDE, 2.0, 0.1),
    "flood-proof": FloodProof("power.kind == 'substation'", 1.5, 0.05),
    "backup-generator": BackupGenerator("facility.kind == 'hospital'", 72, 0.02),
    "extra-crew": ExtraCrew(2),
}


def test_every_registered_measure_is_tested_here():
    assert set(ACTING) == set(BUILT_IN["measures"])
    for name, measure in ACTING.items():
        assert isinstance(measure, find("measures", name))


@pytest.mark.parametrize("measure", ACTING.values(), ids=ACTING)
def test_a_measure_changes_what_it_returns_and_nothing_else(sioux, measure):
    inputs = sioux.inputs
    before = {name: table.copy(deep=True) for name, table in inputs.city.tables.items()}
    operations, components = inputs.operations, inputs.city.components.tolist()
    after = measure.apply(inputs)
    assert after is not inputs
    assert inputs.operations == operations
    for name, table in before.items():
        pd.testing.assert_frame_equal(inputs.city.tables[name], table)
    changed = [n for n in before if not after.city.tables[n].equals(before[n])]
    assert len(changed) + (after.operations != operations) == 1
    assert after.city.components.tolist() == components
    assert after.hazards is inputs.hazards
    for name in changed:
        assert after.city.tables[name].dtypes.equals(before[name].dtypes)


def test_a_raised_road_stands_higher_and_twice_adds_up(sioux):
    measure = ACTING["raise-road"]
    once = measure.apply(sioux.inputs).city["road_links"]
    picked = once["name"] == "Riverside Drive"
    assert 0 < picked.sum() < len(once)
    assert (once.loc[picked, "added_m"] == 2.0).all(), "it may fail, so it is kept apart from what is sure"
    assert (once.loc[picked, "raised_m"] == 0.0).all()
    assert (once.loc[~picked, "added_m"] == 0.0).all()
    assert (once.loc[picked, "raise_failure"] == 0.1).all()
    twice = RaiseRoad(RIVERSIDE, 0.5, 0.01).apply(measure.apply(sioux.inputs)).city["road_links"]
    assert (twice.loc[picked, "added_m"] == 2.5).all()
    sure = RaiseRoad(RIVERSIDE, 0.5).apply(measure.apply(sioux.inputs)).city["road_links"]
    assert (sure.loc[picked, "raised_m"] == 0.5).all()
    assert (sure.loc[picked, "added_m"] == 2.0).all()
    assert (twice.loc[picked, "raise_failure"] == 0.1).all()


@pytest.mark.parametrize(("where", "table"), [("power.name == 'River Substation'", "power_nodes"),
                                              ("facility.kind == 'hospital'", "facilities"),
                                              ("firm.sector == 'food'", "firms")])  # fmt: skip
def test_flood_proofing_reaches_all_sites(sioux, where, table):
    after = FloodProof(where, 1.5).apply(sioux.inputs).city[table]
    assert sorted(after["raised_m"].unique()) == [0.0, 1.5]


def test_a_generator_lengthens_the_buffer_it_finds(sioux):
    before = sioux.city["dependencies"]
    after = ACTING["backup-generator"].apply(sioux.inputs).city["dependencies"]
    mine = before["consumer"].isin(["facility:H1", "facility:H2"]) & (before["service"] == "power")
    assert mine.any()
    np.testing.assert_allclose(after.loc[mine, "added_hours"], before.loc[mine, "added_hours"] + 72)
    np.testing.assert_allclose(after.loc[mine, "buffer_hours"], before.loc[mine, "buffer_hours"])
    assert (after.loc[mine, "start_failure"] == 0.02).all()
    pd.testing.assert_frame_equal(after[~mine], before[~mine])


def test_extra_crews_are_added(sioux):
    assert ACTING["extra-crew"].apply(sioux.inputs).operations.crews == sioux.inputs.operations.crews + 2


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (RaiseRoad("road.name == 'Nowhere Lane'", 1.0), "matches nothing"),
        (FloodProof("power.name == 'None'", 1.0), "matches nothing"),
        (BackupGenerator("facility.kind == 'shelter'", 5), "matches nothing"),
        (RaiseRoad("power.kind == 'substation'", 1.0), "wrong kind of component; needed is one of: road_links"),
        (FloodProof(RIVERSIDE, 1.0), "needed is one of: power_nodes, facilities, firms"),
        (FloodProof("zone.people > 0", 1.0), "needed is one of: power_nodes"),
        (RaiseRoad(RIVERSIDE, -0.5), "height_m must not be negative"),
        (FloodProof("power.kind == 'substation'", -1), "height_m must not be negative"),
        (BackupGenerator("facility.kind == 'hospital'", -1), "hours must not be negative"),
        (BackupGenerator("power.kind == 'substation'", 5), "nothing that needs power"),
        (BackupGenerator(RIVERSIDE, 5), "nothing that needs power"),
        (ExtraCrew(0), "crews must not be negative"),
        (ExtraCrew(-1), "crews must not be negative"),
        (ExtraCrew(1.5), "crews must not be negative"),
        (RaiseRoad("roads.name == 'x'", 1.0), "did you mean: road?"),
        (RaiseRoad("name == 'x'", 1.0), "must begin with a layer and a dot"),
        (RaiseRoad("road.nmae == 'x'", 1.0), "no column .nmae.; did you mean: name"),
        (RaiseRoad("road.name ==", 1.0), "cannot be carried out"),
    ],
)
def test_measures_that_cannot_act_say_why(sioux, measure, words):
    with pytest.raises(InputError, match=words):
        measure.apply(sioux.inputs)


@pytest.mark.parametrize("measure", [RaiseRoad(RIVERSIDE, float("nan")), FloodProof(RIVERSIDE, float("nan")),
                                     BackupGenerator("facility.kind == 'hospital'", float("nan"))])  # fmt: skip
def test_a_height_of_nan_is_refused(sioux, measure):
    with pytest.raises(InputError, match="must not be negative and must be a possible value"):
        measure.apply(sioux.inputs)


@pytest.mark.parametrize("crews", [float("nan"), float("inf")])
def test_crews_of_nan_are_refused(sioux, crews):
    with pytest.raises(InputError):
        ExtraCrew(crews).apply(sioux.inputs)


def test_a_name_that_holds_the_word_of_the_layer_is_found(sioux):
    rows = sioux.city["road_links"].copy()
    rows["name"] = rows["name"].where(rows["name"] != "Riverside Drive", "Great Northroad. East")
    inputs = sioux.inputs.with_table("road_links", rows)
    assert RaiseRoad("road.name == 'Great Northroad. East'", 1.0).apply(inputs)
