from __future__ import annotations

import pytest

from resilience.base.errors import InputError
from resilience.city.selection import select


@pytest.mark.parametrize(
    ("where", "table", "count"),
    [
        ("power.kind == 'substation'", "power_nodes", 4),
        ("power.kind != 'substation'", "power_nodes", 9),
        ("power.id == 'power:SU1'", "power_nodes", 1),
        ("power.kind in ['source', 'substation']", "power_nodes", 5),
        ("power.kind not in ['source', 'substation']", "power_nodes", 8),
        ("not power.kind == 'feeder'", "power_nodes", 5),
        ("power.load_kw > 50000 and power.priority >= 1", "power_nodes", 3),
        ("power.kind == 'source' or power.priority == 2", "power_nodes", 2),
        ("20000 < power.load_kw <= 24785", "power_nodes", 3),
        ("power.load_kw > -1", "power_nodes", 13),
        ("facility.kind == 'hospital'", "facilities", 2),
        ("zone.people >= 0", "zones", 24),
        ("firm.sector == 'food'", "firms", None),
    ],
)
def test_expressions_pick_rows(sioux, where, table, count):
    found, picked = select(sioux.city, where)
    assert found == table
    assert set(picked) <= set(sioux.city[table].index)
    assert len(picked) == (count if count is not None else (sioux.city["firms"]["sector"] == "food").sum())


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("power.kind == 'reactor'", "matches nothing"),
        ("power.kid == 'x'", 'no column "kid"; did you mean: kind, id'),
        ("pwer.kind == 'x'", "did you mean: power"),
        ("kind == 'x'", "must begin with a layer and a dot"),
        ("", "cannot be carried out|must begin with a layer"),
        ("power.kind ==", "cannot be carried out"),
        ("power.kind", "no comparison"),
        ("power.kind == 'a' and zone.people > 0", "must begin with a layer"),
        ("power.kind > 3", "cannot be carried out"),
        ("power.kind.str.len() > 3", "cannot be carried out|must begin"),
        ("__import__('os').system('true')", "cannot be carried out|must begin"),
        ("power.kind == open('x')", "cannot be carried out"),
        ("[x for x in power.kind]", "cannot be carried out"),
        ("power.kind == (lambda: 1)()", "cannot be carried out"),
    ],
)
def test_expressions_that_pick_nothing_or_would_run_code_are_refused(sioux, where, words):
    with pytest.raises(InputError, match=words):
        select(sioux.city, where)


@pytest.mark.parametrize("where", ["power.kind == '\x00'", "(" * 300 + "power.load_kw" + ")" * 300])
def test_expressions_that_python_cannot_read(sioux, where):
    with pytest.raises(InputError):
        select(sioux.city, where)


@pytest.mark.parametrize("where", ["'x' in power.kind", 5])
def test_expressions_that_are_none(sioux, where):
    with pytest.raises(InputError):
        select(sioux.city, where)
