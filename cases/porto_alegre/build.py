"""Make the tables and the terrain of the Porto Alegre case from the raw files.

    python build.py RAW_DIR [OUT_DIR] [--siting-seed N]

RAW_DIR holds poa_osm.pbf, poa_hexgrid.csv, poa_elevation.tif and poa_points_of_interest.csv (README.md says
where they come from); OUT_DIR is this folder unless told. The same files and seed give the same bytes.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import igraph
import numpy as np
import pandas as pd
from build_common import points_text, write_table
from build_demand import TRIPS, purposes, trips
from build_economy import firms, sectors, supply_links
from build_places import facilities
from build_power import Power, power
from build_roads import Roads, keep_strong, read_roads
from build_terrain import Terrain, warp, write_terrain
from build_zones import connect, read_zones, with_turns
from scipy.spatial import cKDTree

SEED = 1
DECK_M = 1.0
"""A bridge deck lies this far above the higher ground at the ends of the bridge."""

HOSPITAL_BUFFER_H = 24
STAGE_HOUR = (0, 12, 24, 36, 48, 72, 96, 144, 192, 240, 264, 336)
STAGE_BELOW_PEAK_M = (6.0, 4.0, 2.0, 0.7, 0.0, 0.0, 0.4, 1.6, 3.0, 4.5, 5.0, 6.0)


@dataclass(frozen=True)
class City:
    """All tables of the case, not yet written."""

    roads: Roads
    terrain: Terrain
    zones: pd.DataFrame
    connectors: pd.DataFrame
    facilities: pd.DataFrame
    trips: pd.DataFrame
    power: Power
    firms: pd.DataFrame
    supply: pd.DataFrame


def main() -> None:
    """Read the command line, build, check and write."""
    parser = argparse.ArgumentParser(description="Build the Porto Alegre case from its raw files.")
    parser.add_argument("raw", type=Path, help="folder with the raw files")
    parser.add_argument("out", type=Path, nargs="?", default=Path(__file__).parent, help="folder to write to")
    parser.add_argument("--siting-seed", type=int, default=1, help="another seed sites another power network")
    options = parser.parse_args()
    city = build(options.raw, options.siting_seed)
    check(city)
    options.out.mkdir(parents=True, exist_ok=True)
    write(city, options.out)


def build(raw: Path, siting_seed: int) -> City:
    """Return every table of the case."""
    terrain = warp(raw / "poa_elevation.tif")
    roads = keep_strong(with_turns(read_roads(raw / "poa_osm.pbf")))
    zones = read_zones(raw / "poa_hexgrid.csv", roads)
    connectors = connect(zones, roads, terrain)
    places = facilities(zones, connectors, raw / "poa_points_of_interest.csv", terrain)
    hospitals = places[places["kind"] == "hospital"].groupby("zone").size()
    table = firms(zones, roads, SEED)
    return City(
        roads=roads,
        terrain=terrain,
        zones=zones,
        connectors=connectors,
        facilities=places,
        trips=trips(zones, connectors, roads, hospitals, SEED),
        power=power(zones, places, terrain, siting_seed),
        firms=table,
        supply=supply_links(table, SEED),
    )


def write(city: City, out: Path) -> None:
    """Write every table and the terrain."""
    write_table(_road_nodes(city.roads), out, "road_nodes")
    write_table(_road_links(city.roads, city.terrain), out, "road_links")
    write_table(city.zones[["id", "kind", "x", "y", "people", "jobs", "geometry"]], out, "zones")
    write_table(city.connectors.assign(node="n" + city.connectors["node"].astype(str)), out, "connectors")
    write_table(purposes(float(_reached_jobs(city))), out, "purposes")
    write_table(city.trips, out, "trips")
    write_table(city.facilities, out, "facilities")
    write_table(city.power.nodes, out, "power_nodes")
    write_table(city.power.links, out, "power_links")
    write_table(sectors(), out, "sectors")
    write_table(city.firms, out, "firms")
    write_table(city.supply, out, "supply_links")
    write_table(dependencies(city), out, "dependencies")
    stage = pd.DataFrame({"hour": STAGE_HOUR, "below_peak_m": STAGE_BELOW_PEAK_M})
    write_table(stage, out, "lake_stage")
    write_terrain(city.terrain, out / "terrain.tif")


def dependencies(city: City) -> pd.DataFrame:
    """Return which feeder gives power to each zone, facility, firm and traffic light."""
    feeder = city.power.feeder
    zones = city.zones.set_index("id")
    served = zones.loc[feeder.index]
    lights = city.roads.nodes[city.roads.nodes["signal"] == 1]

    def nearest(x: pd.Series, y: pd.Series) -> list[str]:
        places = cKDTree(served[["x", "y"]].to_numpy())
        return list(feeder.to_numpy()[places.query(np.column_stack([x, y]))[1]])

    places = city.facilities
    buffer = places["kind"].map({"hospital": HOSPITAL_BUFFER_H}).fillna(0).astype(int)
    parts = [
        pd.DataFrame({"supplier": feeder.to_numpy(), "consumer": "zone:" + feeder.index, "buffer_hours": 0}),
        pd.DataFrame(
            {
                "supplier": nearest(places["x"], places["y"]),
                "consumer": "facility:" + places["id"],
                "buffer_hours": buffer,
            }
        ),
        pd.DataFrame(
            {
                "supplier": city.firms["zone"].map(feeder).to_numpy(),
                "consumer": "firm:" + city.firms["id"],
                "buffer_hours": 0,
            }
        ),
        pd.DataFrame(
            {
                "supplier": nearest(lights["x"], lights["y"]),
                "consumer": "road:n" + lights.index.astype(str),
                "buffer_hours": 0,
            }
        ),
    ]
    table = pd.concat(parts, ignore_index=True)
    table["supplier"] = "power:" + table["supplier"]
    table.insert(2, "service", "power")
    table.insert(3, "rule", "all")
    return table.assign(synthetic=1)


def check(city: City) -> None:
    """Raise ValueError where the tables break a promise of README.md."""
    nodes, links = city.roads.nodes, city.roads.links
    position = pd.Series(range(len(nodes)), index=nodes.index)
    pairs = list(zip(position[links["from_node"]], position[links["to_node"]], strict=True))
    graph = igraph.Graph(len(nodes), pairs, directed=True)
    by_purpose = city.trips.groupby("purpose")["trips"].sum().to_dict()
    ends = set(city.trips["origin"]) | set(city.trips["destination"])
    waterfront = links.loc[links["name"] == "Avenida Presidente Castello Branco", "length_m"].sum()
    inhabited = int((city.zones["people"] + city.zones["jobs"] > 0).sum())
    promises = {
        "every junction reaches every other": graph.is_connected("strong"),
        "trips by purpose": by_purpose == TRIPS,
        "every end of a trip has a junction": ends <= set(city.connectors["zone"]),
        "junctions of zones exist": set(city.connectors["node"]) <= set(nodes.index),
        "no trip stays in its zone": bool((city.trips["origin"] != city.trips["destination"]).all()),
        "jobs of firms": city.firms["jobs"].sum() == city.zones["jobs"].sum(),
        "every hexagon with people or jobs has power": len(city.power.feeder) == inhabited,
        "waterfront road is whole": waterfront > 5_500.0,
        "nobody sells more than it makes": _sold_share(city) <= 1.0,
    }
    broken = [promise for promise, kept in promises.items() if not kept]
    if broken:
        raise ValueError("the build broke: " + "; ".join(broken))


def _sold_share(city: City) -> float:
    """Return the largest share of its output, value added plus purchases, that any firm sells."""
    sold = city.supply.groupby("supplier")["flow_per_day"].sum()
    bought = city.supply.groupby("buyer")["flow_per_day"].sum()
    output = city.firms.set_index("id")["value_added_per_day"].add(bought, fill_value=0.0)
    return float((sold / output[sold.index]).max())


def _reached_jobs(city: City) -> int:
    return int(city.zones.loc[city.zones["id"].isin(city.connectors["zone"]), "jobs"].sum())


def _road_nodes(roads: Roads) -> pd.DataFrame:
    table = roads.nodes.reset_index(names="id")
    return table.assign(id="n" + table["id"].astype(str))[["id", "x", "y", "signal"]]


def _road_links(roads: Roads, terrain: Terrain) -> pd.DataFrame:
    table = roads.links.copy()
    table.insert(0, "id", [f"r{number:05d}" for number in range(1, len(table) + 1)])
    table["deck_m"] = _decks(roads, terrain)
    table["geometry"] = table["points"].map(points_text)
    for end in ("from_node", "to_node"):
        table[end] = "n" + table[end].astype(str)
    for column in ("lanes", "capacity_vph", "synthetic"):
        table[column] = table[column].astype(int)
    order = ["id", "from_node", "to_node", "length_m", "lanes", "speed_kmh", "capacity_vph"]
    return table[[*order, "highway", "name", "structure", "deck_m", "geometry", "synthetic"]]


def _decks(roads: Roads, terrain: Terrain) -> pd.Series:
    """Return the level of each bridge link's deck in m; links that hang together are one bridge on one level.

    The ends of a bridge are the junctions where it meets the ground.
    """
    links = roads.links
    bridge = links["structure"] == "bridge"
    ground = set(links.loc[~bridge, ["from_node", "to_node"]].to_numpy().ravel())
    ends = links.loc[bridge, ["from_node", "to_node"]].astype(str).to_numpy()
    part = igraph.Graph.TupleList(ends.tolist(), directed=False)
    piece = dict(zip(part.vs["name"], part.connected_components().membership, strict=True))
    place = roads.nodes.loc[[int(name) for name in piece]]
    height = pd.Series(terrain.at(place["x"], place["y"]), index=place.index)
    table = pd.DataFrame({"piece": piece.values(), "height": height.to_numpy(), "node": height.index})
    level = table[table["node"].isin(ground)].groupby("piece")["height"].max() + DECK_M
    return links["from_node"].astype(str).map(piece).map(level).where(bridge)


if __name__ == "__main__":
    main()
