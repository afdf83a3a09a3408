"""The table of what floods at each stage, for README.md: `python build_floods.py` prints it, as the engine has it."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import numpy as np

from resilience.base.defaults import default
from resilience.case.case import load_case
from resilience.hazards.flood.bathtub import Inundation, connection_level, lake_cells
from resilience.hazards.flood.lake import LakeFlood

STAGES = (4.0, 5.35, 6.0, 7.0, 8.0, 10.0)
HEAD = "| stage | wet land, km² | links | hexagon centres | people there | firms | substations |\n" + "|---" * 7 + "|"


def table(folder: Path) -> str:
    """Return the table in Markdown: one row a stage, without terrain error.

    Wet is what lies below the surface of the lake and is connected to it. Links, firms and substations count from the
    depth at which a road closes on (`traffic.closure_depth_m`).
    """
    city = load_case(folder).city
    text = tomllib.loads((folder / "case.toml").read_text(encoding="utf-8"))
    words = next(h for h in text["hazard"] if h["kind"] == "lake-flood")
    files = {key: words[key] for key in ("terrain", "hydrograph", "water_height_m")}
    hazard = LakeFlood.read(folder, city, **files)
    ground = hazard.terrain.values
    lake = lake_cells(hazard.terrain, hazard.water_height_m)
    connection = connection_level(ground, lake)
    roads, sites, zones = city["road_links"], city.sites, city["zones"]
    exposure = hazard.exposure(city)
    water = Inundation(
        exposure, ground, connection, lake, roads["deck_m"].to_numpy(float), roads["raised_m"].to_numpy(float),
        sites["raised_m"].to_numpy(float),
    )  # fmt: skip
    limit = default("traffic.closure_depth_m")
    hexagon = zones.index.str.removeprefix("zone:").str.startswith("h")
    centre = np.append(connection.ravel(), np.inf)[exposure.zone_cell]
    rows = [HEAD]
    for stage in STAGES:
        field = water.at(stage, with_cells=True)
        assert field.cells_m is not None
        wet = hexagon & (centre < stage)
        deep = field.site_m >= limit
        cells = (
            f"{stage:g} m",
            f"{(field.cells_m > 0).sum() * hazard.terrain.cell_m**2 / 1e6:.1f}",
            f"{(field.link_m >= limit).sum():,}",
            f"{wet.sum():,}",
            f"{round(zones['people'].to_numpy(float)[wet].sum(), -2):,.0f}",
            f"{(deep & (sites['layer'] == 'firm')).sum():,}",
            f"{(deep & (sites['kind'] == 'substation')).sum():,}",
        )
        rows.append("| " + " | ".join(cells) + " |")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.stdout.write(table(Path(__file__).parent) + "\n")
