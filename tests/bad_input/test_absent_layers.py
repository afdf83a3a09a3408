"""Any layer may be absent: the case loads and says what it cannot be assessed by."""

from __future__ import annotations

import re

import pytest

from resilience.case.case import load_case

PILLARS = ("traffic", "travel", "safety", "economy")


def without(folder, tables, *, layers):
    """Take tables out of a case, and with them rows, hazards and measures that speak of their layers."""
    for name in tables:
        (folder / f"{name}.csv").unlink()
    path = folder / "dependencies.csv"
    if path.is_file():
        rows = path.read_text().splitlines(keepends=True)
        path.write_text("".join(r for r in rows if not any(f"{x}:" in r for x in layers)))
    toml = folder / "case.toml"
    text = toml.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=\[)", text)
    speaks = {*layers, *(["facility"] if "power" in layers else [])}  # a generator without power acts on nothing
    gone = {x for p in parts if re.match(r"\[\[(hazard|measure)", p) and any(f'"{y}.' in p for y in speaks)
            for x in re.findall(r'(?m)^name = "([^"]+)"', p)}  # fmt: skip
    dead = {x for p in parts if p.startswith("[[scenario") and any(f'"{g}"' in p.split("severity")[0] for g in gone)
            for x in re.findall(r'(?m)^name = "([^"]+)"', p)}  # fmt: skip
    kept = []
    for part in parts:
        names = set(re.findall(r'"([^"]+)"', part))
        if part.startswith(("[[hazard", "[[measure", "[[scenario", "[[ladder")) and names & (gone | dead):
            continue
        if part.startswith("[[option"):
            for name in gone:
                part = re.sub(rf'"{name}"(, )?', "", part)
        kept.append(part)
    toml.write_text("".join(kept).replace(", ]", "]"), encoding="utf-8")
    return load_case(folder)


HOSPITAL = {"safety/people_safe", "safety/near_hospital", "safety/hospital_outage"}
ABSENT = {
    "power": (["power_nodes", "power_links"], ["power"], {"safety/long_without_power"}, ()),
    "firms": (["firms", "sectors", "supply_links"], ["firm"], set(), ("economy",)),
    "facilities": (["facilities"], ["facility"], HOSPITAL, ()),
    "roads": (
        ["road_nodes", "road_links", "connectors", "trips", "purposes"], ["road"],
        HOSPITAL - {"safety/hospital_outage"}, ("traffic", "travel"),
    ),
    "zones": (
        ["zones", "connectors", "trips", "facilities", "firms", "supply_links", "sectors"],
        ["zone", "facility", "firm"], set(), PILLARS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("layer", ABSENT)
def test_a_case_without_a_layer_loads_and_says_what_is_not_assessed(sioux_copy, layer):
    tables, layers, metrics, pillars = ABSENT[layer]
    case = without(sioux_copy, tables, layers=layers)
    found = set(case.not_assessed)
    assert metrics <= found
    for name in found - metrics:
        assert name.split("/")[0] in pillars
    for pillar in pillars:
        assert any(name.startswith(pillar) for name in found)
    assert (case.city.road is None) == (layer == "roads")
    assert (case.city.power is None) == (layer == "power")
    assert (case.city.supply is None) == (layer in ("firms", "zones"))
    assert case.scenarios
