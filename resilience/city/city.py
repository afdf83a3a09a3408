"""City: networks, zones, people, facilities, firms and the rows that tie them together; any layer may be absent."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from resilience.networks import layer
from resilience.networks.layer import layers
from resilience.networks.network import Network
from resilience.networks.power.connectivity import PowerModel
from resilience.networks.road import RoadModel, road_model
from resilience.networks.supply.deliveries import SupplyNetwork, supply_network

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from resilience.networks.layer import Model


@dataclass(frozen=True)
class City:
    """What is there before anything happens. All tables are indexed by global component ids, such as power:SE07.

    `tables` holds every table of the schema that the case has (an absent one is an empty frame); `geometry` keeps
    what depends on places alone, which no measure changes, so that options share it. `digest` is that of the files
    that the city was read from, "" where it comes from elsewhere: by it that is kept for the next time.
    """

    name: str
    name_zh: str
    crs: str
    currency: str
    price_year: int
    attribution: str
    tables: dict[str, pd.DataFrame]
    geometry: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)
    digest: str = field(default="", repr=False, compare=False)

    def __getitem__(self, table: str) -> pd.DataFrame:
        return self.tables[table]

    def has(self, *tables: str) -> bool:
        """Return whether the case has rows in all of these tables."""
        return all(len(self.tables[name]) > 0 for name in tables)

    def shared(self, key: str, build: Callable[[], Any]) -> Any:
        """Return what `build` makes, made once for all options of the city (it must depend on places alone)."""
        if key not in self.geometry:
            self.geometry[key] = build()
        return self.geometry[key]

    @cached_property
    def road(self) -> RoadModel | None:
        """The road network, None where the case has none."""
        if not self.has("road_nodes", "road_links"):
            return None
        network = Network("road", self["road_nodes"], self["road_links"])
        model: RoadModel = self.shared(
            f"road:{self.road_key}", lambda: road_model(network, self["zones"], self["connectors"])
        )
        return model

    @cached_property
    def road_key(self) -> str:
        """Digest of all that ordinary roads depend on; a measure that changes it gets a road model of its own."""
        columns = ["from_node", "to_node", "length_m", "lanes", "speed_kmh", "capacity_vph", "free_flow_min", "bpr_b",
                   "bpr_power"]  # fmt: skip
        return self._digest({"road_links": columns, "road_nodes": ["x", "y"], "connectors": None, "zones": ["x"]})

    @cached_property
    def people_key(self) -> str:
        """Digest of all that trip makers depend on, roads included; what changes it gets ordinary days of its own."""
        tables = {"trips": None, "purposes": None, "firms": ["zone", "jobs"], "facilities": ["kind", "zone"]}
        return self.road_key + self._digest(tables)

    def _digest(self, tables: Mapping[str, list[str] | None]) -> str:
        """Return a digest of columns of tables (all where None) and of their ids."""
        found = hashlib.blake2b(digest_size=8)
        for name, columns in tables.items():
            table = self[name] if columns is None or len(self[name]) == 0 else self[name][columns]
            found.update(pd.util.hash_pandas_object(table, index=True).to_numpy().tobytes())
        return found.hexdigest()

    @cached_property
    def models(self) -> dict[str, Model]:
        """How services flow within each layer that has such a model, by the name of the layer."""
        found = {each.name: each.model(self.tables) for each in layers()}
        return {name: model for name, model in found.items() if model is not None}

    @property
    def power(self) -> PowerModel | None:
        """The power network, None where the case has none."""
        found = self.models.get("power")
        return found if isinstance(found, PowerModel) else None

    def model(self, layer: str) -> Any:
        """Return the model of a layer, None where the city lacks it; that of the roads is the road model."""
        return self.road if layer == "road" else self.models.get(layer)

    @cached_property
    def supply(self) -> SupplyNetwork | None:
        """The economic network, None where the case has no firms."""
        if not self.has("firms", "sectors"):
            return None
        return supply_network(self["firms"], self["sectors"], self["supply_links"])

    @cached_property
    def components(self) -> pd.Index:
        """Global ids of all that can lose or give a service; roads keep a state of their own."""
        return layer.components(self.tables)

    @cached_property
    def sites(self) -> pd.DataFrame:
        """Components that stand at a point and can be flooded: x, y, flood_threshold_m, raised_m, layer and kind."""
        return layer.sites(self.tables)
