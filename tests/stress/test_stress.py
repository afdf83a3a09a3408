"""Run folders: the same bytes however they were made, and nothing lost when something goes wrong."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time

import pandas as pd
import psutil
import pytest

from resilience.base.defaults import default
from resilience.base.errors import InputError, RunError
from resilience.case.case import load_case
from resilience.results.compare import compare_run
from resilience.results.record import SCHEMA_VERSION, is_no_hazard
from resilience.results.run import open_run
from resilience.stress.stress import stress_test
from tests.places import CASES

PLAN = {"scenarios": ["lake-3m", "blackout-50"], "options": ["protect-power"], "replicates": 2, "seed": 7}
SKIPPED = {"run.log"}
STOPPED_AFTER_A_TASK = """
import os, signal
from resilience.cli.main import main
from resilience.stress.runner import Worker

do = Worker.do

def once(self, task):
    taken = do(self, task)
    os.kill(os.getpid(), signal.SIGINT)
    return taken

Worker.do = once
main()
"""


@pytest.fixture(scope="module")
def case():
    return load_case(CASES / "sioux_falls")


@pytest.fixture(scope="module")
def finished(case, tmp_path_factory):
    return stress_test(case, workers=1, out=tmp_path_factory.mktemp("one") / "run", **PLAN)


def contents(folder):
    """All bytes of a run folder, the log of times left out."""
    return {
        str(f.relative_to(folder)): f.read_bytes()
        for f in sorted(folder.rglob("*"))
        if f.is_file() and f.name not in SKIPPED
    }


def command(out, *more):
    arguments = ["--scenario", "lake-3m", "--scenario", "blackout-50", "--option", "protect-power", "--seed", "7"]
    return [sys.executable, "-m", "resilience.cli.main", "run", "sioux_falls", *arguments, "--replicates", "2",
            "--out", str(out), *more]  # fmt: skip


def test_two_workers_give_the_same_bytes(case, finished, tmp_path):
    other = stress_test(case, workers=2, out=tmp_path / "two", **PLAN)
    assert contents(finished.folder) == contents(other.folder)


def test_a_run_killed_while_its_journal_is_taken_away_is_ended(case, tmp_path):
    folder = stress_test(case, workers=1, out=tmp_path / "a", **PLAN).folder
    whole = contents(folder)
    (folder / "journal" / "lake-1m--do-nothing--0000").mkdir(parents=True)
    (folder / "journal" / "lake-1m--do-nothing--0000" / "curves.parquet").write_bytes(b"half")
    for name in ("grades.parquet", "grades.csv"):
        (folder / name).unlink(missing_ok=True)
    stress_test(case, workers=1, out=folder, **PLAN)
    assert contents(folder) == whole


def test_a_finished_run_is_not_done_again(case, finished):
    before = contents(finished.folder)
    again = stress_test(case, workers=1, out=finished.folder, **PLAN)
    assert again.folder == finished.folder
    assert contents(finished.folder) == before


def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(finished, tmp_path):
    out = tmp_path / "stopped"
    _, *arguments = command(out, "--workers", "1")
    process = subprocess.run(
        [sys.executable, "-c", STOPPED_AFTER_A_TASK, *arguments[2:]],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    said = process.stderr
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "goes on from there" in said
    assert not (out / "manifest.json").exists()
    done = subprocess.run(command(out, "--workers", "1"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(finished.folder)


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(finished, tmp_path):
    out = tmp_path / "killed"
    process = subprocess.Popen(command(out, "--workers", "2"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               start_new_session=True)  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list((out / "journal").glob("no-hazard*")):
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait(timeout=30)
    (out / "journal" / ".part-left-over").mkdir()
    done = subprocess.run(command(out, "--workers", "2"), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert contents(out) == contents(finished.folder)


def test_a_killed_test_leaves_no_process_behind(tmp_path):
    process = subprocess.Popen(
        command(tmp_path / "orphans", "--workers", "2"), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    parent = psutil.Process(process.pid)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(parent.children(recursive=True)) < 3:  # two workers, a tracker
        time.sleep(0.05)
    children = parent.children(recursive=True)
    assert children
    process.kill()
    process.wait(timeout=30)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []


def test_a_full_disk_is_one_clear_error_and_leaves_no_half_result(tmp_path):
    """A limit on the size of files fails writes just as a full disk does."""
    out = tmp_path / "full"

    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    done = subprocess.run(
        command(out, "--workers", "1"), capture_output=True, text=True, check=False, preexec_fn=small_files,
    )  # fmt: skip
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (out / "manifest.json").exists()
    assert not [f for f in out.rglob("*") if f.name.startswith(".")]


def test_another_plan_does_not_overwrite_a_run(case, finished):
    with pytest.raises(RunError, match="seed"):
        stress_test(case, workers=1, out=finished.folder, **(PLAN | {"seed": 8}))


def test_a_folder_with_other_things_is_left_alone(case, tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(RunError, match="not empty"):
        stress_test(case, out=tmp_path, **PLAN)
    assert (tmp_path / "thesis.txt").read_text() == "precious"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"scenarios": ["lake-33m"]}, "lake-3m"),
        ({"options": ["protect"]}, "protect-power"),
        ({"replicates": 0}, "replicates"),
        ({"workers": 0}, "workers"),
    ],
)
def test_wrong_arguments_are_named(case, tmp_path, change, word):
    with pytest.raises(InputError, match=word):
        stress_test(case, out=tmp_path / "x", **(PLAN | {"workers": 1} | change))
    assert not (tmp_path / "x").exists()


def test_the_folder_stands_on_its_own(finished):
    manifest = json.loads((finished.folder / "manifest.json").read_text())
    assert manifest["schema_version"] == SCHEMA_VERSION
    rows = {m["name"]: m for m in manifest["metrics"]}
    assert rows["traffic/delay"]["total"]
    assert not rows["travel/completed_trips"]["total"]
    assert rows["economy/value_added_lost_share"]["of_days"] == default("economy.share_days")
    assert rows["economy/value_added_lost"]["of_days"] is None
    assert manifest["crs"] == "EPSG:26914"
    assert set(manifest["plan"]["inputs"]) >= {"case.toml", "road_links.csv", "terrain.tif"}
    assert manifest["plan"]["libraries"]["numpy"]
    assert not (finished.folder / "journal").exists()
    roads = finished.table("road_links")
    assert roads["geometry"].str.len().gt(0).any() or {"from_node", "to_node"} <= set(roads.columns)
    maps = finished.table("maps")
    assert set(maps["replicate"]) == {0}, "maps are kept for the representative replicate only"


def test_no_state_leaks_from_one_run_into_the_next(case, finished, tmp_path):
    """A scenario run alone gives the scores it has among others."""
    alone = stress_test(case, workers=1, out=tmp_path / "alone", **(PLAN | {"scenarios": ["blackout-50"]}))
    both = finished.scores[finished.scores["scenario"] == "blackout-50"].reset_index(drop=True)
    mine = alone.scores[alone.scores["scenario"] == "blackout-50"].reset_index(drop=True)
    pd.testing.assert_frame_equal(both, mine, check_exact=True)


def test_fewer_replicates_are_the_first_of_more(case, finished, tmp_path):
    one = stress_test(case, workers=1, out=tmp_path / "less", **(PLAN | {"replicates": 1}))
    more = finished.scores[finished.scores["replicate"] == 0].reset_index(drop=True)
    pd.testing.assert_frame_equal(one.scores.reset_index(drop=True), more, check_exact=True)


def test_ordinary_days_are_compared_too(finished):
    table = compare_run(open_run(finished.folder))
    calm = table[table["scenario"].map(is_no_hazard)]
    assert len(calm)
    assert calm["same"].all()
