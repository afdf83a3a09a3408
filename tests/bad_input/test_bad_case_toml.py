# ruff: noqa: E501 - a fault a line
"""Faults of case.toml and of the raster it names, each with the section, the key and near names."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

import resilience.case.case as module
from resilience.base.errors import CaseError
from resilience.case.case import load_case
from resilience.readers.raster import Raster
from tests.places import ROOT
from tests.tiny import POWER, write_case, write_tif


def change(folder, old, new):
    path = folder / "case.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text, f"case.toml has no {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


WRITTEN_OUT = ROOT / "tests" / "case" / "written_out"  # every scenario in a section of its own
LAKE_1 = 'name = "lake-1m"\nhazard = ["lake"]\nseverity = 1.0'
FAULTS = [
    # key of the problem, old text, new text, words of the message
    ("bad_crs", '"EPSG:26914"', '"EPSG:4326"', ["[case] crs", '"EPSG:4326"', "projected coordinate system in metres"]),
    ("bad_crs", '"EPSG:26914"', '"EPSG:2263"', ["EPSG:2263", "metres"]),
    ("bad_crs", '"EPSG:26914"', '"Lambert"', ["Lambert", "EPSG:31982"]),
    ("missing_key", 'crs = "EPSG:26914"', "", ["[case]", '"crs"']),
    ("wrong_type", "price_year = 2024", 'price_year = "2024"', ["[case] price_year", "'2024'", "integer"]),
    ("wrong_type", "price_year = 2024", "price_year = 2024.5", ["2024.5", "integer"]),
    ("too_small", "price_year = 2024", "price_year = 24", ["found 24", ">= 1900"]),
    ("wrong_type", 'name = "Sioux Falls"', "name = 7", ["[case] name", "text"]),
    ("wrong_type", "illustrative = true", 'illustrative = "yes"', ["illustrative", "boolean"]),
    ("unknown_key", "price_year = 2024", "price_year = 2024\nprice_yeer = 1", ['"price_yeer"', "did you mean: price_year"]),
    ("unknown_section", "[traffic]", "[trafic]", ["[trafic]", "did you mean: traffic"]),
    ("too_small", "relative_gap = 1e-5", "relative_gap = 0", ["[traffic] relative_gap", "> 0"]),
    ("wrong_type", "relative_gap = 1e-5", "relative_gap = nan", ["nan", "number"]),
    ("wrong_type", "relative_gap = 1e-5", "relative_gap = inf", ["inf", "number"]),
    ("too_small", "crews = 2", "crews = -1", ["[operations] crews", ">= 0"]),
    ("not_a_choice", '"most-people-first"', '"most-people-frist"', ["did you mean: most-people-first"]),
    ("bad_span", "morning = 7", "morning = 19", ["morning, evening", "19, 18"]),
    ("too_large", "evening = 18", "evening = 24", ["<= 23"]),
    ("plain", '"informed-commuter"', '"informed-comuter"', ["commuters", "did you mean: informed-commuter"]),
    ("plain", '"leontief-firm"', '"mind.py:Firm"', ["only with --allow-code"]),
    ("not_a_choice", 'form = "agent"', 'form = "agents"', ["did you mean: agent"]),
    ("plain", 'kind = "lake-flood"', 'kind = "lake-flod"', ['[[hazard]] "lake"', "did you mean: lake-flood"]),
    ("unknown_key", "water_height_m = 0.0", "water_heigth_m = 0.0", ["did you mean: water_height_m"]),
    ("missing_key", 'hydrograph = "lake_stage.csv"', "", ['"hydrograph"']),
    ("missing_file", '"lake_stage.csv"', '"lake.csv"', ["lake.csv", "missing"]),
    ("missing_file", '"terrain.tif"', '"terain.tif"', ["terain.tif", "missing"]),
    ("no_lake", "water_height_m = 0.0", "water_height_m = -9.0", ["no cell lies at or below -9 m", "lowest ground is at 0"]),
    ("too_small", "terrain_sigma_m = 0.2", "terrain_sigma_m = -0.2", ["terrain_sigma_m", ">= 0"]),
    ("not_a_choice", 'pattern = "random"', 'pattern = "rondom"', ["did you mean: random"]),
    ("bad_span", "end_hour = 36", "end_hour = 0", ["start_hour, end_hour"]),
    ("plain", "among = \"power.kind == 'substation'\"", "among = \"power.kind == 'windmill'\"", ["matches nothing"]),
    ("duplicate_id", 'name = "blackout-targeted"', 'name = "blackout"', ["[[hazard]] name", '"blackout"']),
    ("unknown_name", LAKE_1, LAKE_1.replace('["lake"]', '["lak"]'), ['[[scenario]] "lake-1m" hazard', "did you mean: lake"]),
    ("plain", LAKE_1, LAKE_1.replace("1.0", "0.0"), ["severity", "at or below the water of the lake (0.0 m)"]),
    ("plain", "severity = 0.25\nreturn", "severity = 1.5\nreturn", ["a share must lie between 0 and 1; found 1.5"]),
    ("wrong_type", LAKE_1, LAKE_1.replace("1.0", '"high"'), ["severity", "'high'", "number"]),
    ("wrong_type", LAKE_1, LAKE_1.replace("1.0", "nan"), ["severity", "nan", "number"]),
    ("wrong_type", LAKE_1, LAKE_1.replace("1.0", "true"), ["severity", "True", "number"]),
    ("severity_names", "{ lake = 3.0, blackout = 0.25 }", "{ lake = 3.0 }", ['given for "lake"', "lake, blackout"]),
    ("plain", 'onset = "Monday 05:00"', 'onset = "Mon 5"', ["onset", '"Mon 5"', "Thursday 05:00"]),
    ("bad_name", 'name = "lake-1m"', 'name = "lake/1m"', ["lake/1m", "cannot be used as a name"]),
    ("bad_name", 'name = "lake-1m"', 'name = "no-hazard"', ["reserved"]),
    ("bad_name", 'name = "raise-riverside"', 'name = "a\\u0007b"', ['[[measure]] "a', "name"]),
    ("bad_name", 'name = "raise-riverside"', f'name = "{"m" * 81}"', ["longer than 80 bytes"]),
    ("duplicate_id", 'name = "lake-2m"', 'name = "lake-1m"', ["[[scenario]] name"]),
    ("not_a_ladder", '["lake-1m", "lake-2m", "lake-3m"', '["lake-1m", "lake-3m", "lake-2m"', ['[[ladder]] "lake"', "fall"]),
    ("not_a_ladder", '["lake-1m", "lake-2m"', '["lake-1m", "blackout-25", "lake-2m"', ['[[ladder]] "lake"']),
    ("unknown_name", '["lake-1m", "lake-2m"', '["lake-1m", "lake-22m"', ['"lake-22m"', "did you mean: lake-2m"]),
    ("plain", "road.name == 'Riverside Drive'", "road.name == 'Riverside'", ['[[measure]] "raise-riverside"', "matches"]),
    ("plain", "height_m = 2.0", "height_m = -2.0", ["height_m must not be negative"]),
    ("missing_key", "height_m = 2.0", "", ["raise-riverside", '"height_m"']),
    ("unknown_key", "height_m = 2.0", "height_m = 2.0\nheigt = 1", ['"heigt"', "did you mean: height_m"]),
    ("plain", 'kind = "raise-road"', 'kind = "raise-raod"', ["did you mean: raise-road"]),
    ("plain", 'kind = "raise-road"', 'kind = "flood-proof"', ["wrong kind of component"]),
    ("too_small", "life_years = 50", "life_years = 0", ["life_years", "> 0"]),
    ("too_large", "failure_probability = 0.05", "failure_probability = 1.05", ["<= 1"]),
    ("unknown_name", 'measures = ["raise-riverside"]', 'measures = ["raise-river"]', ["did you mean: raise-riverside"]),
    ("wrong_type", 'measures = ["raise-riverside"]', 'measures = "raise-riverside"', ["list"]),
    ("do_nothing", "measures = []", 'measures = ["third-crew"]', ["do-nothing has no measures"]),
    ("unknown_name", '"travel/completed_trips"', '"travel/complete_trips"', ["did you mean: travel/completed_trips"]),
    ("limits_order", "T1 = 0.95\nT2 = 0.85", "T1 = 0.85\nT2 = 0.95", ["0.85, 0.95, 0.7", "higher is better"]),
    ("missing_key", "T1 = 0.95\n", "", ['"T1"']),
    ("unreadable", "[periods]", "[periods", ["case.toml"]),
]  # fmt: skip


@pytest.fixture(scope="module")
def light(tmp_path_factory, sioux_folder):
    """The teaching case with a coarse terrain, so that it loads fast."""
    folder = tmp_path_factory.mktemp("light") / "sioux_falls"
    shutil.copytree(sioux_folder, folder)
    heights = np.full((22, 16), 5.0)
    heights[:, -2:] = 0.0
    write_tif(folder / "terrain.tif", Raster(heights, 676_800.0, 4_832_700.0, 750.0))
    shutil.copy(WRITTEN_OUT / "sioux_falls.toml", folder / "case.toml")
    load_case(folder)
    return folder


@pytest.fixture(scope="module")
def tables(light):
    """The tables of the teaching case, read once."""
    return module.read_tables(light, [])


@pytest.fixture
def same_tables(tables, monkeypatch):
    """Spare the reading of tables where case.toml alone is at fault."""
    monkeypatch.setattr(module, "read_tables", lambda folder, problems: {k: v.copy() for k, v in tables.items()})


@pytest.mark.usefixtures("same_tables")
@pytest.mark.parametrize(("key", "old", "new", "words"), FAULTS, ids=[f"{i}-{f[0]}" for i, f in enumerate(FAULTS)])
def test_a_fault_of_case_toml_is_named(tmp_path, light, problems, key, old, new, words):
    folder = shutil.copytree(light, tmp_path / "sioux_falls")
    change(folder, old, new)
    found = [str(p) for p in problems(folder) if p.key == key]
    assert found
    text = next((t for t in found if all(w in t for w in words)), None)
    assert text is not None, found


@pytest.mark.usefixtures("same_tables")
def test_many_faults_are_told_at_once(tmp_path, light, problems):
    folder = shutil.copytree(light, tmp_path / "sioux_falls")
    for old, new in [("crews = 2", "crews = -2"), ("height_m = 2.0", "height_m = -2.0"), ("T1 = 0.95", "T1 = 0.05"),
                     ("severity = 0.25\n", "severity = 1.1\n"), ('pattern = "random"', 'pattern = "x"')]:  # fmt: skip
        change(folder, old, new)
    assert {"too_small", "plain", "limits_order", "not_a_choice"} <= {p.key for p in problems(folder)}


def test_no_folder_no_file_no_scenarios(tmp_path, problems):
    assert [p.key for p in problems(tmp_path / "nowhere")] == ["missing_folder"]
    assert [(p.key, p.file) for p in problems(tmp_path)] == [("missing_file", "case.toml")]
    (tmp_path / "case.toml").write_text('[case]\nname = "x"\ncrs = "EPSG:26914"\ncurrency = "USD"\nprice_year = 2024\n')
    assert [p.key for p in problems(tmp_path)] == ["no_scenarios"]
    (tmp_path / "case.toml").write_bytes(b'[case]\nname = "\xff"\n')
    assert [p.key for p in problems(tmp_path)] == ["unreadable"]
    (tmp_path / "case.toml").write_text("")
    assert {p.found for p in problems(tmp_path) if p.key == "missing_key"} == {"name", "crs", "currency", "price_year"}
    (tmp_path / "file").write_text("")
    assert [p.key for p in problems(tmp_path / "file")] == ["missing_folder"]


def raster_of(heights=None, *, west=676_800.0):
    if heights is None:
        heights = np.full((22, 16), 5.0)
        heights[:, -2:] = 0.0
    return Raster(heights, west, 4_832_700.0, 750.0)


@pytest.mark.parametrize(
    ("key", "raster", "options"),
    [
        ("raster_other_crs", raster_of(), {"crs": "EPSG:26915"}),
        ("raster_no_crs", raster_of(), {"crs": None}),
        ("raster_misses", raster_of(west=100_000.0), {}),
        ("raster_not_square", raster_of(), {"cell_y": 700.0}),
        ("raster_empty", raster_of(np.full((22, 16), np.nan)), {}),
        ("no_lake", raster_of(np.full((22, 16), 3.0)), {}),
    ],
)
def test_a_raster_that_does_not_fit(tmp_path, light, problems, key, raster, options):
    folder = shutil.copytree(light, tmp_path / "sioux_falls")
    write_tif(folder / "terrain.tif", raster, **options)
    found = problems(folder)
    assert key in {p.key for p in found}
    assert any(p.file.startswith("terrain") for p in found)


TINY = POWER | {"zones": "id,x,y\nZ,0,0"}


def load(folder, more="", *, old=None, new=None):
    write_case(folder, TINY, more=more)
    if old is not None:
        change(folder, old, new)
    return load_case(folder)


@pytest.mark.parametrize("old", ["[[hazard]]", "[[scenario]]"])
def test_a_section_where_a_list_is_needed(tmp_path, old):
    with pytest.raises(CaseError, match="must be a list of sections"):
        load(tmp_path / "c", old=old, new=old[1:-1])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[case]", "operations = 3\n[case]"),
        ('hazard = ["dark"]', "hazard = [1]"),
        ('hazard = ["dark"]', 'hazard = "dark"'),
        ('kind = "outage"', 'kind = "outage"\nlisted = "power:SRC"\npattern = "listed"'),
        ('kind = "outage"', 'kind = "outage"\nlisted = [1]\npattern = "listed"'),
        ('kind = "outage"', 'kind = "outage"\nstart_hour = "now"'),
        ('kind = "outage"', 'kind = "outage"\npattern = 5'),
        ('kind = "outage"', "kind = 5"),
    ],
)
def test_values_of_the_wrong_type_are_problems_and_no_crash(tmp_path, old, new):
    with pytest.raises(CaseError):
        load(tmp_path / "c", old=old, new=new)


def test_an_expression_that_is_no_text_is_a_problem(tmp_path):
    with pytest.raises(CaseError):
        load(tmp_path / "c", old="among = \"power.kind == 'source'\"", new="among = 5")


@pytest.mark.parametrize(
    "line", ["warning_hours = 'a'", "horizon_days = 0", "return_period_known = 'maybe'", "horizon_days = 1.5"]
)
def test_a_refused_key_of_a_scenario_is_a_problem(tmp_path, line):
    with pytest.raises(CaseError):
        load(tmp_path / "c", old="horizon_days = 1", new=line)


@pytest.mark.parametrize("line", ["hours = -1", "must = 'yes'"])
def test_a_refused_key_of_a_tolerance_is_a_problem(tmp_path, line):
    limits = '\n[[tolerance]]\nmetric = "safety/long_without_power"\nT1 = 0.1\nT2 = 0.2\nT3 = 0.3\n'
    with pytest.raises(CaseError):
        load(tmp_path / "c", limits + line + "\n")


@pytest.mark.parametrize("value", ["'x'", "nan"])
def test_crews_that_are_no_number_are_a_problem(tmp_path, value):
    with pytest.raises(CaseError):
        load(tmp_path / "c", f'\n[[measure]]\nname = "m"\nkind = "extra-crew"\ncrews = {value}\n')


MEASURE = '\n[[measure]]\nname = "m"\nkind = "flood-proof"\nwhere = "power.kind == \'source\'"\nheight_m = {height}\n'


@pytest.mark.parametrize("height", ["'two'", "[1]"])
def test_a_height_that_is_no_number_is_a_problem(tmp_path, height):
    with pytest.raises(CaseError):
        load(tmp_path / "c", MEASURE.format(height=height))


@pytest.mark.parametrize("height", ["nan", "inf", "true"])
def test_a_height_that_is_not_finite_is_a_problem(tmp_path, height):
    with pytest.raises(CaseError):
        load(tmp_path / "c", MEASURE.format(height=height))


def test_a_scenario_without_hazard_is_a_problem(tmp_path):
    with pytest.raises(CaseError):
        load(tmp_path / "c", old='hazard = ["dark"]', new="hazard = []")


def test_an_option_name_that_no_file_can_have_is_a_problem(tmp_path):
    with pytest.raises(CaseError):
        load(tmp_path / "c", '\n[[option]]\nname = "raise/roads"\nmeasures = []\n')


def test_a_metric_with_two_tolerances_is_a_problem(tmp_path):
    limits = '\n[[tolerance]]\nmetric = "safety/long_without_power"\nT1 = 0.1\nT2 = 0.2\nT3 = 0.3\n'
    with pytest.raises(CaseError):
        load(tmp_path / "c", limits + limits.replace("0.3", "0.4"))


def test_a_firm_is_no_commuter(tmp_path):
    with pytest.raises(CaseError):
        load(tmp_path / "c", '\n[behaviour]\ncommuters = "leontief-firm"\n')


def test_the_code_of_a_case_is_one_of_its_files(tmp_path):
    folder = write_case(tmp_path / "c", TINY, more='\n[behaviour]\ncommuters = "mind.py:Mind"\n')
    (folder / "mind.py").write_text("from resilience.agents.commuters import InformedCommuter as Mind\n")
    assert folder / "mind.py" in load_case(folder, allow_code=True).files


def test_a_file_that_cannot_run_is_told_with_its_line(tmp_path):
    folder = write_case(tmp_path / "c", TINY, more='\n[behaviour]\ncommuters = "mind.py:Mind"\n')
    (folder / "mind.py").write_text("A = 1\n\nB = A / 0\n")
    with pytest.raises(CaseError, match=r'"Mind" cannot be loaded from mind.py, line 3: ZeroDivisionError'):
        load_case(folder, allow_code=True)


def test_a_tolerance_names_a_metric_and_no_file(tmp_path):
    limits = '\n[[tolerance]]\nmetric = "heat.py:HEAT"\nT1 = 0.1\nT2 = 0.2\nT3 = 0.3\n'
    with pytest.raises(CaseError, match=r'"heat.py:HEAT" names an object of a file; a tolerance names a metric'):
        load_case(write_case(tmp_path / "c", TINY, more=limits), allow_code=True)
