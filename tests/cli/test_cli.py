"""The command line: what each command prints, how it ends, and that no mistake of a user ends in a traceback."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from resilience.cli import main as cli
from resilience.cli import roads
from tests.tiny import POWER, write_case, write_tntp

ROOT = Path(__file__).resolve().parents[2]
SIOUX = str(ROOT / "cases" / "sioux_falls")
NET = """\
<NUMBER OF ZONES> 2
<NUMBER OF NODES> 2
<NUMBER OF LINKS> 2
1 2 10 1 1 1 1 0 0 1 ;
1 2 10 1 1.5 1 1 0 0 1 ;
"""
TRIPS = "Origin 1\n2 : 30.0;\n"


def shell(*arguments, cwd, **environment):
    """Run the command line as a user does, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "resilience.cli.main", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", **environment},
    )  # fmt: skip


@pytest.fixture
def call(monkeypatch, capsys, tmp_path):
    """Run the command line in this process: (code, out, err)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["resilience", *map(str, arguments)])
        code = 0
        try:
            cli.main()
        except SystemExit as ended:
            code = ended.code
        found = capsys.readouterr()
        assert "Traceback" not in found.out + found.err
        return code, found.out, found.err

    return run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run folder of one scenario, one option and one replicate, and what was printed."""
    folder = tmp_path_factory.mktemp("runs") / "a"
    ended = shell(
        "run", SIOUX, "-s", "lake-4m", "-o", "protect-power", "--replicates", 1, "--workers", 1, "--out", folder,
        cwd=folder.parent,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    return folder, ended


@pytest.fixture(scope="module")
def tntp(tmp_path_factory):
    return write_tntp(tmp_path_factory.mktemp("tntp") / "Tiny", NET, TRIPS)


def test_run_prints_grades_and_where_the_results_are(finished):
    folder, ended = finished
    assert "Trips completed" in ended.stdout
    assert f"Results in {folder}" in ended.stdout
    assert f"resilience dashboard {folder}" in ended.stdout
    assert "Illustrative" in ended.stdout
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [s["name"] for s in manifest["scenarios"]] == ["lake-4m"]
    assert [o["name"] for o in manifest["options"]] == ["do-nothing", "protect-power"]


def test_a_finished_run_is_not_done_again(finished, call):
    folder, _ = finished
    before = (folder / "scores.parquet").stat().st_mtime_ns
    code, out, _ = call("run", SIOUX, "-s", "lake-4m", "-o", "protect-power", "--replicates", 1, "--workers", 1,
                        "--out", folder)  # fmt: skip
    assert code == 0
    assert "Results in" in out
    assert (folder / "scores.parquet").stat().st_mtime_ns == before


def test_another_test_does_not_overwrite_a_run(finished, call):
    folder, _ = finished
    code, _, err = call("run", SIOUX, "-s", "lake-1m", "-o", "do-nothing", "--replicates", 1, "--out", folder)
    assert code == 2
    assert "holds another test (different: " in err
    assert "scenarios" in err


def test_score(finished, call):
    code, out, _ = call("score", finished[0])
    assert code == 0
    assert "Trips completed" in out
    code, out, _ = call("score", finished[0], "--json")
    rows = json.loads(out)
    assert {r["option"] for r in rows} == {"do-nothing", "protect-power"}
    assert {"scenario", "metric", "grade", "passed", "partly", "failed", "T1", "T2", "T3"} <= set(rows[0])


def test_compare(finished, call):
    code, out, _ = call("compare", finished[0])
    assert code == 0
    assert "protect-power against do-nothing" in out
    code, out, _ = call("compare", finished[0], "--json")
    rows = json.loads(out)
    assert {r["option"] for r in rows} == {"protect-power"}
    calm = [r for r in rows if r["scenario"].startswith("no-hazard")]
    assert calm
    assert all(r["same"] and r["difference"] == 0 for r in calm)  # these measures do nothing on ordinary days


def test_trace_leads_from_a_failure_to_the_hazard(finished, call):
    code, out, _ = call("trace", finished[0], "facility:H2")
    assert code == 0
    lines = out.splitlines()
    assert "facility:H2 in lake-4m, do-nothing, replicate 0" in lines[0]
    assert any("facility:H2 fails" in line for line in lines)
    assert any("<- hazard:lake" in line for line in lines)
    code, _, err = call("trace", finished[0], "facility:H22")
    assert code == 2
    assert "did you mean: facility:H2" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--scenario", "lake-44m"), 'no scenario "lake-44m"; did you mean: lake-4m'),
        (("--scenario", "lake-4m", "--option", "protect"), 'no option "protect"; did you mean: protect-power'),
        (("--replicate", "7"), "replicates 0 to 0; found 7"),
        (("--option", "protect"), 'no option "protect"; did you mean: protect-power'),
    ],
)  # fmt: skip
def test_trace_of_what_is_not_there(finished, call, arguments, words):
    code, _, err = call("trace", finished[0], "facility:H2", *arguments)
    assert code == 2
    assert words in err


def test_check(call, sioux_copy):
    code, out, err = call("check", sioux_copy)
    assert code == 0
    assert out.startswith("Sioux Falls: no problems found.")
    path = sioux_copy / "road_links.csv"
    path.write_text(path.read_text().replace("L1-2,N1,N2,6000", "L1-2,N1,N2,far", 1))
    code, _, err = call("check", sioux_copy)
    assert code == 2
    assert "road_links.csv, line 2, column length_m" in err


@pytest.mark.parametrize(
    ("room", "word"),
    [("hazards", "lake-flood"), ("measures", "raise-road"), ("agents", "informed-commuter"),
     ("metrics", "travel/completed_trips"), ("readers", "tntp"), ("cases", "sioux_falls")],
)  # fmt: skip
def test_list_of_each_room(call, room, word):
    code, out, _ = call("list", room)
    assert code == 0
    assert word in [line.split("\t")[0].split()[0] for line in out.splitlines() if line.strip()]


def test_list_of_no_room(call):
    code, _, err = call("list", "metric")
    assert code == 2
    assert "did you mean: metrics" in err


def test_assign(call, tntp):
    code, out, _ = call("assign", tntp, "--json", "--gap", "1e-9")
    assert code == 0
    found = json.loads(out)
    assert set(found) == {
        "objective", "total_travel_time", "relative_gap", "average_excess_cost", "iterations", "seconds", "unserved",
        "converged", "stalled",
    }  # fmt: skip
    # t1 = 1 + v/10, t2 = 1.5 (1 + (30 - v)/10): equal at v = 20, t = 3
    assert found["total_travel_time"] == pytest.approx(90.0, rel=1e-6)
    assert found["unserved"] == 0
    assert found["relative_gap"] <= 1e-9
    assert (found["converged"], found["stalled"]) == (True, False)
    code, out, err = call("assign", tntp)
    assert code == 0
    assert "objective" in out
    assert "the gap of 1e-06 was reached" in out
    assert err.count("\n") == 1  # no terminal, no progress
    assert err.startswith("Notice: Tiny_net.tntp: the link 1-2 stands there twice")


def test_a_small_assignment_loads_no_library_that_it_does_not_use(tntp):
    code = (
        "import sys\nfrom resilience.cli import main\n"
        f"sys.argv = ['resilience', 'assign', {str(tntp)!r}]\n"
        "try:\n    main.main()\nexcept SystemExit as ended:\n    assert ended.code == 0\n"
        "print(sorted({'pandas', 'scipy.linalg', 'scipy.sparse', 'rich', 'pyarrow'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"


def test_criticality_of_a_tntp_folder(call, tntp):
    code, out, _ = call("criticality", tntp, "--out", "scan", "--workers", "1")
    assert code == 0
    assert "cost increase" in out
    assert "1: 1→2" in out
    assert "Tables in scan" in out
    assert sorted(f.name for f in Path("scan").iterdir()) == [
        "about.json", "elements.csv", "percolation.csv", "structure.csv", "zones.csv",
    ]  # fmt: skip
    about = json.loads(Path("scan/about.json").read_text(encoding="utf-8"))
    assert about["links"] == 2
    assert about["demand_vph"] == 30.0
    code, out, _ = call("criticality", tntp, "--json", "--elements", "streets", "--cut", "1", "--cut", "0.5")
    assert code == 0
    found = json.loads(out)
    assert [(row["element"], row["cut"], row["links"]) for row in found["elements"]] == [
        ("1–2 (1)", 1.0, 1),
        ("1–2 (2)", 1.0, 1),
        ("1–2 (1)", 0.5, 1),
        ("1–2 (2)", 0.5, 1),
    ]  # two roads in one direction are two streets
    assert found["elements"][0]["unserved"] == 0.0
    assert found["elements"][0]["cost_increase"] > 0


def test_criticality_of_a_case_names_the_road(call):
    code, out, _ = call("criticality", SIOUX, "--most", "3", "--give-up")
    assert code == 0
    assert out.count("L10-15") + out.count("L15-10") == 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--elements", "bridges"), '"bridges" is nothing to close; known: cells, links, streets'),
        (("--elements", "cells"), "has no coordinates of nodes (*_node.tntp)"),
        (("--cut", "0"), "must lie above 0 and up to 1 (a closure); found 0"),
        (("--cut", "nan"), "must lie above 0 and up to 1 (a closure); found nan"),
        (("--cut", "1", "--cut", "0.5", "--cut", "1.0"), "the cut 1.0 is given twice"),
        (("--most", "0"), "--most must be at least 1"),
        (("--workers", "-1"), "--workers must be 0 or more; found -1"),
        (("--toll-weight", "-1"), "toll_weight must not be negative"),
        (("--top", "0"), "--top must be at least 1"),
        (("--gap", "0"), "gap must be a positive number; found 0"),
    ],
)
def test_criticality_refuses_what_cannot_be_before_it_computes(call, tntp, more, message, monkeypatch):
    monkeypatch.setattr("resilience.stress.roadscan.assign", None)
    code, _, err = call("criticality", tntp, "--out", "scan", *more)
    assert code == 2
    assert message in " ".join(err.split())
    assert not Path("scan").exists()


def test_criticality_of_nothing(call):
    code, _, err = call("criticality", "nowhere")
    assert code == 2
    assert "nowhere" in err


@pytest.mark.parametrize(("name", "weight"), [("--toll-weight", "5"), ("--distance-weight", "0.1")])
def test_weights_are_of_no_use_to_a_case(call, name, weight):
    code, _, err = call("criticality", SIOUX, name, weight)
    assert code == 2
    assert "--toll-weight and --distance-weight are for folders in TNTP format only" in err
    code, _, err = call("--lang", "zh", "criticality", SIOUX, name, weight)
    assert code == 2
    assert "仅用于 TNTP 格式" in err


@pytest.mark.parametrize("command", ["assign", "criticality"])
def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_solved(call, tntp, command, monkeypatch):
    monkeypatch.setattr("resilience.traffic.assign", None)
    monkeypatch.setattr("resilience.stress.roadscan.assign", None)
    Path("file").write_text("mine")
    Path("loose").symlink_to("nowhere")
    for out in ("file", "file/below", "loose"):
        code, _, err = call(command, tntp, "--out", out)
        assert code == 2
        assert f"{out} cannot be written: Not a directory" in err
        assert "--out" in err
    assert Path("file").read_text() == "mine"


def test_trips_without_any_way_are_told(call, tmp_path):
    net = NET.replace("ZONES> 2", "ZONES> 3").replace("NODES> 2", "NODES> 3")
    folder = write_tntp(tmp_path / "torn", net, TRIPS + "3 : 7.0;\n")
    code, out, _ = call("criticality", folder)
    assert code == 0
    assert "7 vehicles/h have no way even with all roads open" in out
    code, out, _ = call("criticality", folder, "--json")
    assert code == 0
    found = json.loads(out, parse_constant=pytest.fail)
    assert found["no_way_vph"] == 7.0


def test_a_cut_that_all_must_get_through_is_warned_of(call, tntp):
    for more, warned in ((("--cut", "0.5"), True), (("--cut", "0.5", "--give-up"), False), ((), False)):
        code, out, err = call("criticality", tntp, *more)
        assert code == 0
        assert ("add --give-up" in err) == warned
        assert "--give-up" not in out


def test_a_terminal_of_80_columns_shows_the_road(call, monkeypatch):
    from rich.console import Console

    monkeypatch.setattr(roads, "console_for", lambda _: Console(width=80))
    code, out, _ = call("criticality", SIOUX, "--most", "2", "--cut", "0.999")
    assert code == 0
    assert "L15-10" in out
    assert "L10-15" in out
    assert "0 │" in out  # the last column
    assert "cut by 99.9%" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_pipe_shows_the_road(call, tntp, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = call("criticality", tntp)
    assert code == 0
    assert "1: 1→2" in out
    assert "cost increase, veh-h" in out  # nothing is wrapped


def test_assign_says_when_the_gap_is_missed(call, tntp):
    code, out, err = call("assign", tntp, "--json", "--gap", "1e-15", "--iterations", "1")
    assert code != 0
    found = json.loads(out)
    assert found["relative_gap"] > 1e-15
    assert (found["converged"], found["stalled"]) == (False, False)
    assert "was not reached" in err
    assert "after 1 iterations" in err


def test_assign_says_when_it_stalled_and_writes_null_for_what_is_no_number(call, tntp, monkeypatch):
    from dataclasses import replace

    from resilience import traffic

    solve = traffic.assign

    def stuck(*arguments, **more):
        found = solve(*arguments, **more)
        return replace(found, converged=False, stalled=True, objective=float("inf"), average_excess_cost=float("nan"))

    monkeypatch.setattr(traffic, "assign", stuck)
    code, out, err = call("assign", tntp, "--json")
    assert code == 2
    found = json.loads(out, parse_constant=pytest.fail)
    assert (found["converged"], found["stalled"]) == (False, True)
    assert found["objective"] is None
    assert found["average_excess_cost"] is None
    assert "it stalled at" in err
    code, _, err = call("--lang", "zh", "assign", tntp)
    assert code == 2
    assert "停滞" in err


def test_assign_ends_when_its_time_is_up_and_keeps_what_it_has(call, tntp, monkeypatch):
    from resilience.cli import watch

    clock = iter(range(0, 2000, 60))
    monkeypatch.setattr(watch.time, "monotonic", lambda: float(next(clock)))
    code, out, err = call("assign", tntp, "--seconds", "50", "--gap", "1e-15", "--out", "there")
    assert code == 2
    assert "total_travel_time" in out
    assert "pass 1, relative gap" in err  # a line every ten seconds where the output is no terminal
    assert "the time limit of 50 s ended the search at a gap of" in err
    assert sorted(p.name for p in Path("there").iterdir()) == ["links.csv", "pairs.csv"]


def test_assign_stopped_by_the_user_keeps_what_it_has(call, tntp, monkeypatch):
    import os
    import signal

    from resilience import traffic

    solve = traffic.assign

    def pressed(*arguments, progress, **more):
        def then(done, gap):
            os.kill(os.getpid(), signal.SIGINT)
            return progress(done, gap)

        return solve(*arguments, progress=then, **more)

    monkeypatch.setattr(traffic, "assign", pressed)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = call("assign", tntp, "--gap", "1e-15", "--out", "there", "--json")
    assert code == 130
    assert json.loads(out)["converged"] is False
    assert "stopped at a gap of" in err
    assert (Path("there") / "links.csv").is_file()
    assert signal.getsignal(signal.SIGINT) is before


def test_assign_tells_the_system_optimum_and_its_tolls(call, tntp):
    code, out, _ = call("assign", tntp, "--system-optimum", "--json", "--gap", "1e-9", "--out", "best")
    assert code == 0
    best = json.loads(out)["total_travel_time"]
    user = json.loads(call("assign", tntp, "--json", "--gap", "1e-9")[1])["total_travel_time"]
    assert 0 < best <= user * (1 + 1e-9)
    links = pd.read_csv("best/links.csv")
    assert (links["toll_min"] >= 0).all()
    assert (links["flow"] * links["minutes"]).sum() == pytest.approx(best)


def test_assign_with_turns(call, tntp, tmp_path):
    rules = tmp_path / "turns.csv"
    rules.write_text("from_node,via_node,to_node,penalty_min\n1,2,9,\n", encoding="utf-8")
    code, _, err = call("assign", tntp, "--turns", rules)
    assert code == 2
    assert 'turns, row 2, column to_node: the network has no "9"' in err
    code, _, err = call("assign", tntp, "--turns", tmp_path / "none.csv")
    assert code == 2
    assert "none.csv cannot be read" in err


def test_assign_tells_how_counts_fit_and_changes_the_trips_to_fit_them(call, tntp, tmp_path):
    counts = tmp_path / "counts.csv"
    counts.write_text("link,count\n1,30\n2,18\n", encoding="utf-8")
    code, out, _ = call("assign", tntp, "--counts", counts, "--json")
    assert code == 0
    before = json.loads(out)
    assert before["counts"] == 2
    code, out, _ = call("assign", tntp, "--counts", counts, "--estimate", 30, "--hold-out", 0, "--json", "--out", "fit")
    assert code == 0
    after = json.loads(out)
    assert after["percent_rmse"] < before["percent_rmse"]
    trips = pd.read_csv("fit/trips.csv")
    assert trips["vph"].sum() == pytest.approx(after["trips"])
    assert {"counts.csv", "steps.csv", "links.csv", "pairs.csv"} <= {p.name for p in Path("fit").iterdir()}
    code, _, err = call("assign", tntp, "--estimate", 3)
    assert code == 2
    assert "give --counts" in err


def test_assign_takes_and_writes_omx_matrices(call, tntp):
    pytest.importorskip("openmatrix")
    code, out, _ = call("assign", tntp, "--json", "--omx", "here.omx")
    assert code == 0
    from resilience.readers.omx import read_omx

    trips = read_omx(Path("here.omx"), core="demand")
    assert trips.to_numpy().tolist() == [[1, 2, 30.0]]
    code, again, _ = call("assign", tntp, "--json", "--trips", "here.omx", "--core", "demand")
    assert code == 0
    assert json.loads(again)["objective"] == json.loads(out)["objective"]
    code, _, err = call("assign", tntp, "--trips", "here.omx")
    assert code == 2
    assert "demand, minutes, served" in err


def test_assign_by_logit(call, tntp):
    code, out, _ = call("assign", tntp, "--logit", "2", "--ways", "path", "--json")
    assert code == 0
    assert json.loads(out)["residual"] <= 1e-4


def test_assign_can_be_stopped_between_passes(call, tntp, monkeypatch):
    from resilience import traffic

    passes = []

    def interrupted(*arguments, progress, **more):
        passes.append(progress(1, 0.5))
        raise KeyboardInterrupt

    monkeypatch.setattr(traffic, "assign", interrupted)
    code, out, err = call("assign", tntp, "--out", "there")
    assert code == 130
    assert passes == [True]
    assert out == ""
    assert "Stopped before it was done" in err
    assert not Path("there").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("assign", "nowhere"), "exactly one *_net.tntp; found: -"),
        (("assign", "TNTP", "--gap", "0"), "gap must be a positive number; found 0"),
        (("assign", "TNTP", "--gap", "nan"), "gap must be a positive number"),
        (("assign", "TNTP", "--iterations", "0"), "iterations must be at least 1"),
        (("assign", "TNTP", "--seconds", "0"), "--seconds must be a number above 0; found 0"),
        (("assign", "TNTP", "--logit", "0"), "theta must lie between"),
        (("assign", "TNTP", "--logit", "1", "--ways", "bush"), '"bush" is no loading of ways'),
        (("assign", "TNTP", "--logit", "1", "--system-optimum"), "are two models"),
        (("check", "sioux_fals"), "did you mean: sioux_falls"),
        (("check", "no/such/folder"), "there is no such folder"),
        (("run", SIOUX, "-s", "lake-33m"), 'no scenario "lake-33m"; did you mean: lake-3m'),
        (("run", SIOUX, "-o", "protect-powr"), 'no option "protect-powr"; did you mean: protect-power'),
        (("criticality", "nowhere"), "there is no folder nowhere, nor a case of that name"),
        (("criticality", "no/such/folder"), "there is no folder no/such/folder"),
        (("criticality", "sioux_fals"), "did you mean: sioux_falls"),
        (("run", SIOUX, "--replicates", "0"), "replicates must be at least 1; found 0"),
        (("run", SIOUX, "--workers", "-1"), "--workers must be 0 or more; found -1"),
        (("score", "nowhere"), "holds no finished run"),
        (("compare", "nowhere"), "holds no finished run"),
        (("trace", "nowhere", "facility:H1"), "holds no finished run"),
        (("dashboard", "--port", "99999"), "between 1 and 65535; found 99999"),
        (("run",), "Missing argument"),
        (("assign", "TNTP", "--gap", "small"), "Invalid value for '--gap'"),
        (("fly",), "No such command"),
        (("score", "x", "--yaml"), "No such option"),
    ],
)
def test_mistakes_end_with_one_message_and_a_code(call, tntp, arguments, words):
    code, _, err = call(*[tntp if a == "TNTP" else a for a in arguments])
    assert code == 2
    assert words in err
    assert "Notice" not in err


def test_results_that_cannot_be_written(call, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        code, _, err = call("run", SIOUX, "-s", "lake-1m", "-o", "do-nothing", "--replicates", 1, "--workers", 1,
                            "--out", out)  # fmt: skip
        assert code == 2
        assert "--out" in err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("")
    code, _, err = call("run", SIOUX, "-s", "lake-1m", "--replicates", 1, "--out", tmp_path / "mine")
    assert code == 2
    assert "is not empty and holds no run" in err
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("text", ["{half", "{}", '{"schema_version": 99}'])
def test_a_broken_run_folder(call, tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    for command in (("score",), ("compare",), ("trace",)):
        extra = ["zone:Z1"] if command == ("trace",) else []
        code, _, err = call(*command, tmp_path, *extra)
        assert code == 2
        assert "manifest.json" in err


def test_a_run_folder_that_lost_a_table(finished, call, tmp_path):
    folder = shutil.copytree(finished[0], tmp_path / "copy")
    (folder / "metric_curves.parquet").write_text("no parquet")
    code, _, err = call("score", folder)
    assert code == 2
    assert "metric_curves.parquet cannot be read" in err


def test_chinese(call, finished):
    code, out, _ = call("--lang", "zh", "score", finished[0])
    assert code == 0
    assert "完成的出行" in out or "完成出行" in out or "出行完成" in out
    code, _, err = call("--lang", "zh", "check", "no/such/folder")
    assert code == 2
    assert "案例不可用" in err


def test_as_a_process_of_its_own(tmp_path, tntp):
    found = shell("--help", cwd=tmp_path)
    assert found.returncode == 0
    for command in ("run", "score", "compare", "trace", "check", "list", "assign", "criticality", "dashboard"):
        assert command in found.stdout
    found = shell("list", "nothing", cwd=tmp_path, RESILIENCE_LANG="zh")
    assert found.returncode == 2
    assert any("\u4e00" <= c <= "\u9fff" for c in found.stderr)
    assert "Traceback" not in found.stderr


def test_a_case_that_fails_to_load_has_no_traceback_in_a_process(tmp_path):
    write_case(tmp_path / "c", POWER | {"zones": "id,x,y\nZ,0,zero"})
    found = shell("check", "c", cwd=tmp_path)
    assert found.returncode == 2
    assert "zones.csv, line 2, column y" in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stdout == ""


def test_a_terrain_named_by_an_absolute_path(call, sioux_copy, tmp_path):
    shutil.move(sioux_copy / "terrain.tif", tmp_path / "elsewhere.tif")
    toml = sioux_copy / "case.toml"
    toml.write_text(toml.read_text().replace('"terrain.tif"', f'"{tmp_path}/elsewhere.tif"'))
    code, _, err = call("run", sioux_copy, "-s", "lake-1m", "-o", "do-nothing", "--replicates", 1, "--workers", 1)
    assert code in (0, 2)
    assert "should not happen" not in err


def test_criticality_tells_how_the_files_were_read(call, tmp_path):
    net = """\
    <NUMBER OF ZONES> 2
    <NUMBER OF NODES> 2
    <END OF METADATA>
    ~ init_node term_node capacity length fft(h) b power ;
    1 2 10 1 0.5 1 1 ;
    1 2 10 1 0.5 1 1 ;
    2 1 10 1 0.5 1 1 ;
    """
    folder = write_tntp(tmp_path / "t", net, "Origin 1\n2 : 5;\n")
    (folder / "Tiny_net.tntp").rename(folder / "Tiny_NET.tntp")
    code, _, err = call("criticality", folder, "--json")
    assert code == 0
    assert "Notice: Tiny_NET.tntp: the link 1-2 stands there more than once with the same values (lines 5, 6)" in err
    assert "Notice: Tiny_NET.tntp, line 4: free-flow times are in" in err


def test_a_network_goes_to_gmns_and_back(call, tntp, tmp_path):
    code, first, _ = call("assign", tntp, "--json", "--gmns", tmp_path / "g")
    assert code == 0
    assert "flow" in (tmp_path / "g" / "link.csv").read_text().splitlines()[0]
    code, second, _ = call("assign", tmp_path / "g", "--json")
    assert code == 0
    assert json.loads(second)["total_travel_time"] == pytest.approx(json.loads(first)["total_travel_time"])


def test_flows_go_to_a_geopackage_where_nodes_have_places(call, tntp, tmp_path):
    code, _, err = call("assign", tntp, "--gpkg", tmp_path / "a.gpkg")
    assert code == 2
    assert "link 1 lies at no known place" in err
    shutil.copytree(tntp, tmp_path / "t")
    (tmp_path / "t" / "Tiny_node.tntp").write_text("node X Y ;\n1 10 20 ;\n2 30 40 ;\n")
    (tmp_path / "turns.csv").write_text("from_link,to_link,penalty_min\n")
    options = "--turns", tmp_path / "turns.csv", "--gpkg", tmp_path / "a.gpkg", "--out", tmp_path / "o"
    code, _, err = call("assign", tmp_path / "t", *options)
    assert code == 0, err
    assert "Notice: the network does not say in which coordinate system it lies" in err
    with sqlite3.connect(tmp_path / "a.gpkg") as base:
        found = base.execute("select link, from_node, to_node, flow, free_flow_min from links order by fid").fetchall()
    base.close()
    right = pd.read_csv(tmp_path / "o" / "links.csv")
    assert found == [("1", "1", "2", right["flow"][0], 1.0), ("2", "1", "2", right["flow"][1], 1.5)]


def answered(call, *options):
    code, out, err = call("assign", *options, "--json")
    assert code == 0, err
    return json.loads(out)


def test_assign_takes_answers_of_demand(call, tntp):
    from resilience.readers.tntp import read_tntp
    from resilience.traffic import Demand, Exponential, GiveUp, assign
    from resilience.traffic.skims import skim

    data = read_tntp(tntp)
    pairs, vph, graph = data.demand.pairs, data.demand.vph, data.graph
    empty = skim(graph, pairs, graph.minutes(np.zeros(graph.links)))
    for options, answer in (
        (("--give-up", 1.5), GiveUp(1.5)), (("--elastic", 0.2), Exponential(0.2, empty)),
    ):  # fmt: skip
        right = assign(graph, Demand(pairs, vph, answer=answer), gap=1e-6)
        found = answered(call, tntp, *options)
        assert found["unserved"] == pytest.approx(right.unserved.sum())
        assert found["total_travel_time"] == pytest.approx(right.total_travel_time)


def test_assign_takes_classes_and_links_closed_to_them(call, tntp, tmp_path):
    (tmp_path / "classes.csv").write_text("vehicle,share,pce\ncar,0.75,1\nlorry,0.25,2\n")
    first = flows(call, tntp, tmp_path / "a", "--classes", tmp_path / "classes.csv")
    assert first["flow"].to_numpy() == pytest.approx(first["flow_car"] + 2 * first["flow_lorry"])
    used = first[first["flow_lorry"] > 0].iloc[0]
    (tmp_path / "closed.csv").write_text(f"vehicle,link\nlorry,{used['link']}\n")
    options = "--classes", tmp_path / "classes.csv", "--closed", tmp_path / "closed.csv"
    second = flows(call, tntp, tmp_path / "b", *options)
    assert second.set_index("link").loc[used["link"], "flow_lorry"] == 0.0
    assert second.set_index("link").loc[used["link"], "flow_car"] > 0.0


def flows(call, tntp, out, *options):
    answered(call, tntp, "--out", out, *options)
    return pd.read_csv(out / "links.csv")


def test_assign_takes_hours(call, tntp, tmp_path):
    from resilience.readers.tntp import read_tntp
    from resilience.traffic import assign_hours

    (tmp_path / "day.csv").write_text("factor,minutes\n0.5,60\n1.0,30\n")
    found = answered(call, tntp, "--hours", tmp_path / "day.csv", "--out", tmp_path / "o")
    data = read_tntp(tntp)
    right = assign_hours(data.graph, data.demand, [0.5, 1.0], minutes=[60, 30])
    assert found["total_travel_time"] == pytest.approx(60 * right.table["total_travel_time"].sum())
    table = pd.read_csv(tmp_path / "o" / "hours.csv")
    assert table["assigned"].to_numpy() == pytest.approx(right.table["assigned"].to_numpy())
    assert set(pd.read_csv(tmp_path / "o" / "links.csv")["slice"]) == {0, 1}


BAD_OPTIONS = [
    (("--give-up", 0), "--give-up must be a number above 0"),
    (("--give-up", 5, "--elastic", 0.1), "--give-up and --elastic are two models"),
    (("--closed", "x.csv"), "--closed needs --classes"),
    (("--classes", "nowhere.csv"), "nowhere.csv"),
    (("--classes", {"vehicle,pce": "car,1"}), "has no column share"),
    (("--classes", {"vehicle,share": "car,0.5"}), "add up to 1; found 0.5"),
    (("--hours", {"minutes": "60"}), "has no column factor"),
    (("--hours", {"factor": "1"}, "--system-optimum"), "--hours goes with user equilibrium alone"),
    (("--hours", {"factor": "-1"}), "in slice number"),
]


@pytest.mark.parametrize(("options", "message"), BAD_OPTIONS)
def test_options_that_do_not_go_are_told(call, tntp, tmp_path, options, message):
    given = []
    for option in options:
        if isinstance(option, dict):
            ((header, row),) = option.items()
            (tmp_path / "t.csv").write_text(f"{header}\n{row}\n")
            option = tmp_path / "t.csv"
        given.append(option)
    code, _, err = call("assign", tntp, *given)
    assert code == 2
    assert message in err
