from __future__ import annotations

import ast
from pathlib import Path

import pytest

import resilience
from resilience.base.defaults import default, parameters
from resilience.base.schema import case_schema, schema, schema_names

PACKAGE = Path(resilience.__file__).parent
TYPES = {"id", "ref", "component", "text", "choice", "number", "integer", "boolean", "line", "polygon"}


def test_every_default_says_its_value_source_and_how_sure_it_is():
    table = parameters()
    assert table.index.is_unique
    assert set(table["sure"]) <= {"assumed", "standard", "verified"}
    for column in ("value", "source", "meaning", "meaning_zh"):
        assert (table[column].str.strip() != "").all(), column
    for name in table.index:
        assert isinstance(default(name), float)


def asked_for() -> set[str]:
    asked = set()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "default":
                assert isinstance(node.args[0], ast.Constant), file.name
                asked.add(node.args[0].value)
    return asked


def test_every_default_that_is_asked_for_is_there():
    assert len(asked_for()) > 25
    assert asked_for() <= set(parameters().index)


def test_every_default_has_an_effect():
    files = (PACKAGE / "data" / "schema").glob("*.csv")
    by_schemas = {cell for file in files for cell in file.read_text(encoding="utf-8").replace("\n", ",").split(",")}
    assert set(parameters().index) <= asked_for() | by_schemas


def test_an_unknown_default_is_an_error():
    with pytest.raises(KeyError):
        default("flood.moonlight")


def test_a_default_of_a_schema_is_the_value_of_its_parameter():
    links, toml = schema("road_links"), case_schema().set_index(["section", "key"])
    assert float(links.at["bpr_b", "default"]) == default("traffic.bpr_b") == 0.15
    assert float(links.at["bpr_power", "default"]) == default("traffic.bpr_power") == 4
    assert int(toml.at[("operations", "crews"), "default"]) == default("crew.crews") == 4


def test_a_parameter_that_changes_moves_the_default_of_the_schema(monkeypatch):
    table = parameters().copy()
    table.loc["traffic.bpr_b", "value"] = "0.2"
    monkeypatch.setattr("resilience.base.schema.parameters", lambda: table)
    assert schema.__wrapped__("road_links").at["bpr_b", "default"] == "0.2"


@pytest.mark.parametrize("name", schema_names())
def test_every_column_of_a_schema_is_described(name):
    table = schema(name)
    assert table.index.is_unique
    assert set(table["type"]) <= TYPES
    assert set(table["required"]) <= {"yes", "no"}
    assert (table["meaning"] != "").all()
    assert (table["meaning_zh"] != "").all()
    for column, rule in table.iterrows():
        if rule["type"] == "choice":
            assert "|" in rule["choices"] or rule["choices"], column
            assert rule["default"] in ("", *rule["choices"].split("|")), column
        if rule["type"] == "ref":
            assert rule["refers"] in schema_names(), column
            assert "id" in schema(rule["refers"]).index
        if rule["type"] in ("number", "integer") and rule["default"]:
            float(rule["default"])
        for limit in (rule["least"].removeprefix(">"), rule["most"]):
            if limit:
                float(limit)
        assert not (rule["required"] == "yes" and rule["default"]), column


def test_every_key_of_case_toml_is_described():
    table = case_schema()
    assert not table.duplicated(["section", "key"]).any()
    assert set(table["type"]) <= {
        "text",
        "choice",
        "number",
        "integer",
        "boolean",
        "list",
        "any",
        "numbers",
        "severities",
        "names",
    }
    assert (table["meaning"] != "").all()
    assert (table["meaning_zh"] != "").all()
