"""Firms and who supplies whom: jobs are data, all else is borrowed or drawn by a rule (see README.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from build_common import largest_remainder

if TYPE_CHECKING:
    from build_roads import Roads
    from numpy.typing import NDArray

CITY_PRODUCT = 81.6e9
"""Gross product of the municipality in 2021, BRL: quoted from memory, to be checked with IBGE."""

PRICE_RISE = 1.16
"""Consumer prices from the end of 2021 to the end of 2024: quoted from memory."""

CITY_PEOPLE = 1_409_351
"""Residents of the municipality in the census of 2010: quoted from memory. The window takes its part."""

WEEKS_A_YEAR = 50
SUPPLIERS = 2
FULL_RANGE_JOBS = 20
"""Firms with fewer jobs buy from two sectors only."""

NEAR_M = 500.0
SOLD_AT_MOST = 0.9
"""Share of its output that a firm sells to other firms at most."""

CARE_LURE = 4.0
"""Hexagons with a school or health unit draw the sector of care this many times as readily."""

PLACE_M = 250.0
"""A firm stands at a junction no farther than this from the middle of its hexagon, where there is one."""


class Sector(NamedTuple):
    """Name, share of jobs, product per job beside the mean, then the columns of the table of sectors."""

    name: str
    jobs: float
    product: float
    opens: int
    closes: int
    days: int
    stock_days: int
    restock_days: int
    power_need: float
    cleanup_hours: int


SECTORS = {
    "trade": Sector("Trade", 0.20, 0.9, 9, 19, 6, 20, 4, 0.8, 72),
    "care": Sector("Health and education", 0.19, 0.9, 7, 19, 6, 15, 3, 0.9, 72),
    "business": Sector("Business services", 0.22, 1.4, 8, 18, 5, 60, 6, 0.9, 48),
    "public": Sector("Public administration", 0.14, 1.2, 8, 18, 5, 60, 6, 0.8, 72),
    "manufacturing": Sector("Manufacturing", 0.06, 1.3, 7, 17, 5, 15, 4, 1.0, 168),
    "construction": Sector("Construction", 0.05, 0.8, 7, 17, 5, 10, 4, 0.5, 48),
    "transport": Sector("Transport and storage", 0.06, 1.0, 6, 20, 6, 10, 3, 0.6, 72),
    "food": Sector("Food and lodging", 0.08, 0.5, 10, 22, 7, 5, 2, 0.9, 72),
}
BUYS = {
    "trade": {"transport": 0.06, "manufacturing": 0.08, "business": 0.06},
    "care": {"trade": 0.06, "business": 0.05, "food": 0.02},
    "business": {"trade": 0.03, "food": 0.02, "construction": 0.01},
    "public": {"business": 0.06, "construction": 0.04},
    "manufacturing": {"transport": 0.05, "trade": 0.06, "business": 0.05},
    "construction": {"manufacturing": 0.12, "trade": 0.07, "transport": 0.03},
    "transport": {"trade": 0.08, "business": 0.04},
    "food": {"trade": 0.12, "manufacturing": 0.08},
}
"""What each sector buys from others of the city for one unit of its output."""


def sectors() -> pd.DataFrame:
    """Return the table of sectors."""
    rows = [
        (key, s.name, s.opens, s.closes, s.days, s.stock_days, s.restock_days, s.power_need, s.cleanup_hours)
        for key, s in SECTORS.items()
    ]
    names = ["id", "name", "opens_hour", "closes_hour", "days_per_week", "stock_days", "restock_days"]
    return pd.DataFrame(rows, columns=[*names, "power_need", "cleanup_hours"])


def firms(zones: pd.DataFrame, roads: Roads, seed: int) -> pd.DataFrame:
    """Return one firm for each sector of each hexagon with jobs, at most three a hexagon."""
    rng = np.random.default_rng([seed, 30])
    places = zones[zones["jobs"] > 0].reset_index(drop=True)
    jobs = _split_jobs(places, rng)
    row, sector = np.nonzero(jobs)
    x, y = _sites(places, row, roads, rng)
    table = pd.DataFrame(
        {
            "id": [f"f{number:04d}" for number in range(1, len(row) + 1)],
            "sector": np.array(list(SECTORS))[sector],
            "zone": places["id"].to_numpy()[row],
            "x": x,
            "y": y,
            "jobs": jobs[row, sector],
        }
    )
    table["value_added_per_day"] = _value_added(table, zones)
    table["synthetic"] = 1
    return table


def supply_links(table: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return who sells how much to whom on a working day.

    A firm buys each input from two suppliers, drawn in proportion to what they have left to sell over
    distance, and shares its purchase likewise. No supplier sells more than a fixed share of its output.
    """
    rng = np.random.default_rng([seed, 31])
    inputs = [_inputs(sector, jobs) for sector, jobs in zip(table["sector"], table["jobs"], strict=True)]
    made_here = np.array([1.0 - sum(needs.values()) for needs in inputs])
    output = table["value_added_per_day"].to_numpy() / made_here
    left = SOLD_AT_MOST * output
    xy = table[["x", "y"]].to_numpy()
    pool = {key: np.flatnonzero(table["sector"] == key) for key in SECTORS}
    rows = []
    for buyer in range(len(table)):
        for key, need in inputs[buyer].items():
            sellers = pool[key][pool[key] != buyer]
            weight = left[sellers] / (NEAR_M + np.hypot(*(xy[sellers] - xy[buyer]).T))
            pick = np.argsort(rng.exponential(size=len(sellers)) / np.maximum(weight, 1e-12))[:SUPPLIERS]
            flow = np.round(need * output[buyer] * weight[pick] / weight[pick].sum())
            flow = np.minimum(flow, np.floor(left[sellers[pick]]))
            left[sellers[pick]] -= flow
            sales = zip(sellers[pick], flow, strict=True)
            rows += [(seller, buyer, int(value)) for seller, value in sales if value >= 1.0]
    links = pd.DataFrame(rows, columns=["supplier", "buyer", "flow_per_day"])
    for column in ("supplier", "buyer"):
        links[column] = table["id"].to_numpy()[links[column]]
    links.insert(0, "id", [f"k{number:05d}" for number in range(1, len(links) + 1)])
    return links.assign(synthetic=1)


def _inputs(sector: str, jobs: int) -> dict[str, float]:
    """Return what a firm buys from each sector per unit of output: its two or three largest inputs."""
    buys = BUYS[sector]
    kept = sorted(buys, key=lambda key: -buys[key])[: 3 if jobs >= FULL_RANGE_JOBS else 2]
    return {key: buys[key] for key in kept}


def _split_jobs(places: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return whole jobs by hexagon and sector: one to three drawn sectors, scaled to the shares."""
    total = places["jobs"].to_numpy()
    share = np.array([sector.jobs for sector in SECTORS.values()])
    lure = np.repeat(share[None], len(places), axis=0)
    caring = (places["healthcare"] + places["schools"] > 0).to_numpy()
    lure[caring, list(SECTORS).index("care")] *= CARE_LURE
    race = rng.exponential(size=lure.shape) / lure
    most = np.select([total >= 100, total >= 10], [3, 2], 1)
    chosen = race.argsort(axis=1).argsort(axis=1) < most[:, None]
    jobs = chosen * lure * rng.uniform(0.5, 1.5, size=lure.shape)
    for _ in range(50):
        jobs *= share * total.sum() / jobs.sum(axis=0)
        jobs *= (total / jobs.sum(axis=1))[:, None]
    return np.array([largest_remainder(row, int(count)) for row, count in zip(jobs, total, strict=True)])


def _sites(
    places: pd.DataFrame, row: NDArray[np.int64], roads: Roads, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a junction for each firm: one drawn near its hexagon's middle, or else the nearest."""
    nodes = roads.nodes[["x", "y"]].to_numpy()
    sites = np.empty((len(row), 2))
    for firm, place in enumerate(row):
        away = np.hypot(*(nodes - places.loc[place, ["x", "y"]].to_numpy(dtype=float)).T)
        near = np.flatnonzero(away <= PLACE_M)
        draw = rng.random()
        sites[firm] = nodes[near[int(draw * len(near))]] if len(near) else nodes[away.argmin()]
    return sites[:, 0], sites[:, 1]


def _value_added(table: pd.DataFrame, zones: pd.DataFrame) -> NDArray[np.int64]:
    """Return BRL of value added a working day; a year of all firms is the window's share of the product."""
    product = CITY_PRODUCT * PRICE_RISE * zones["people"].sum() / CITY_PEOPLE
    weight = table["jobs"] * table["sector"].map({key: sector.product for key, sector in SECTORS.items()})
    days = table["sector"].map({key: sector.days * WEEKS_A_YEAR for key, sector in SECTORS.items()})
    daily = (product * weight / weight.sum() / days).to_numpy(dtype=float)
    whole: NDArray[np.int64] = np.round(daily).astype(np.int64)
    return whole
