"""Benchmark of static user equilibrium: our solver and others in turn, speed and quality of all.

make bench-assignment DATA=<folder of TNTP networks> runs all of it and writes docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.networks import PORTO_ALEGRE, TWICE, Problem, draw_closures, read_problem
from benchmarks.page import Table, machine, number, write_page
from benchmarks.quality import Quality, measure
from benchmarks.resident import ROOT, Answer, Resident

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from resilience.base.arrays import Bools, Floats


OURS = "ours"
GAPS = {"SiouxFalls": (1e-4, 1e-6), "Anaheim": (1e-4, 1e-6), "Chicago-Sketch": (1e-4, 1e-6)}
COARSE, FINE = 1e-4, 1e-6
CLOSURES = (1, 5, 10, 50)
MOST_OFF = 1e-4  # share by which an objective may miss the published optimum
MOST_IMBALANCE = 1e-6  # of all demand
SEED = 1
PEERS = ROOT / "build/peers"
VERSIONS = ("aequilibrae", "pytraf", "TAP-B", "numpy")  # what programs tell of themselves


@dataclass(frozen=True)
class Peer:
    """A program we compare with: the module that runs it, the interpreter for that, and its threads."""

    module: str
    python: Path
    cores: int = 1


@dataclass
class Turn:
    """One answer of one program."""

    answer: Answer
    quality: Quality


@dataclass
class Bench:
    """What the command was asked for, and what was found on the way; `peers` and `rivals` by name.

    peers : AequilibraE with numbers of threads, for all sections; rivals : path- and bush-based programs, one thread
    """

    data: Path
    networks: list[str]
    peers: dict[str, Peer]
    rivals: dict[str, Peer]
    repeats: int
    patience: float
    quick: bool
    scratch: Path
    peer_versions: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)
    every_turn: list[Answer] = field(default_factory=list)

    def problem(self, name: str) -> Problem:
        """Return a network, read once and written for the programs."""
        if name not in self.problems:
            self.problems[name] = read_problem(name, self.data)
            self.problems[name].save(self.file(name))
        return self.problems[name]

    def file(self, name: str) -> Path:
        """Return where the programs find a network."""
        return self.scratch / f"{name}.npz"

    @contextmanager
    def programs(self, problem: Problem, peers: dict[str, Peer]) -> Iterator[tuple[dict[str, Resident], Answer]]:
        """Yield the programs with the problem loaded, and what loading took each."""
        with ExitStack() as stack:
            start = stack.enter_context
            programs = {OURS: start(Resident(sys.executable, "benchmarks.ours", threads=1))}
            path = str(self.file(problem.name))
            loaded = {OURS: programs[OURS].ask(do="load", problem=path)}
            for name, peer in peers.items():
                programs[name] = start(Resident(peer.python, peer.module, threads=peer.cores))
                loaded[name] = programs[name].ask(do="load", problem=path, cores=peer.cores)
                self.peer_versions |= {p: loaded[name][p] for p in VERSIONS if p in loaded[name]}
            yield programs, loaded

    def flow(self, program: Resident, **request: Any) -> tuple[Answer, Floats]:
        """Return the answer to a request and the flow that came with it."""
        path = self.scratch / "flow.npy"
        answer = program.ask(flow=str(path), **request)
        return answer, np.load(path)

    def turn(self, program: Resident, problem: Problem, reference: Floats, **request: Any) -> Turn:
        """Return an answer with its quality."""
        answer, flow = self.flow(program, **request)
        closed = np.zeros(len(flow), np.bool_)
        closed[request.get("closed") or []] = True
        quality = measure(problem, flow, reference, closed)
        _believe(problem, quality, request["gap"])
        about = {"network": problem.name, "program": program.module, "threads": program.threads}
        asked = {"do": request["do"], "gap_asked": request["gap"], "closures": int(closed.sum())}
        self.every_turn.append(about | asked | answer | {f"measured_{k}": v for k, v in asdict(quality).items()})
        return Turn(answer, quality)

    def patient(self, started: float) -> bool:
        """Return whether a case may have another turn."""
        return time.monotonic() - started < self.patience


def _believe(problem: Problem, quality: Quality, gap: float) -> None:
    """Stop at an answer that is none: flow lost on the way, or far from the best known objective."""
    wrong = []
    if quality.imbalance > MOST_IMBALANCE * problem.demand.sum():
        wrong.append(f"flow is not conserved by {quality.imbalance:g}")
    if abs(quality.above) > MOST_OFF and gap <= COARSE:
        wrong.append(f"the objective is off by {quality.above:g}")
    if wrong:
        raise SystemExit(f"{problem.name} at {gap:g}: {' and '.join(wrong)}; no timing is to be believed")


def _median(turns: list[Turn], key: str) -> float:
    return statistics.median(float(t.answer[key]) for t in turns)


def _times_ours(turns: dict[str, list[Turn]], name: str, key: str = "wall_s") -> float:
    """Return the median over turns of a program's time divided by ours."""
    pairs = zip(turns[name], turns[OURS], strict=True)
    return statistics.median(float(a.answer[key]) / float(b.answer[key]) for a, b in pairs)


def _neighbours(turns: list[Turn]) -> float | None:
    """Return the most cores that others kept busy during any of the turns."""
    told = [t.answer["neighbours"] for t in turns if t.answer["neighbours"] is not None]
    return max(told, default=None)


def _log(*words: object) -> None:
    print(*words, file=sys.stderr, flush=True)


# ------------------------------------------------------------------------------------------------ sections


def _from_scratch(
    bench: Bench, section: str, problem: Problem, programs: dict[str, Resident], gap: float
) -> dict[str, list[Turn]]:
    """Let every program solve the whole network, in turn; the reference is the published flow or a finer answer."""
    reference = problem.published
    if not len(reference):
        _, reference = bench.flow(programs[OURS], do="assign", gap=gap / 100)
    turns: dict[str, list[Turn]] = {program: [] for program in programs}
    started = time.monotonic()
    for repeat in range(bench.repeats):
        if repeat and not bench.patient(started):
            break
        for program, resident in programs.items():
            turns[program].append(bench.turn(resident, problem, reference, do="assign", gap=gap))
            _log(section, problem.name, gap, program, f"{turns[program][-1].answer['cpu_s']:.4f} s of CPU")
    return turns


def cold(bench: Bench) -> Table:
    """Return the table of cold starts."""
    table = Table("Cold start", "From free flow to the gap asked for.")
    for name in bench.networks:
        problem = bench.problem(name)
        for gap in GAPS.get(name, (COARSE,)):
            if bench.quick and gap < COARSE:
                continue
            with bench.programs(problem, bench.peers) as (programs, loaded):
                turns = _from_scratch(bench, "cold", problem, programs, gap)
            table.rows += [_cold_row(name, gap, program, turns, loaded[program]) for program in programs]
    return table


def _cold_row(name: str, gap: float, program: str, turns: dict[str, list[Turn]], loaded: Answer) -> dict[str, Any]:
    mine, last = turns[program], turns[program][-1]
    return {
        "network": name,
        "gap asked": gap,
        "program": program,
        "wall s": _median(mine, "wall_s"),
        "CPU s": _median(mine, "cpu_s"),
        "times ours": None if program == OURS else _times_ours(turns, program),
        "iterations": int(last.answer["iterations"]),
        "gap reported": float(last.answer["gap"]),
        "gap measured": last.quality.gap,
        "objective above best": last.quality.above,
        "flow error, vehicles/h": last.quality.flow_rms,
        "set-up s": float(loaded["wall_s"]),
        "peak MB": float(last.answer["peak_mb"]),
        "neighbours": _neighbours(mine),
        "turns": len(mine),
    }


def rivals(bench: Bench) -> Table:
    """Return the table of cold starts beside path- and bush-based programs: CPU time, each in turn with ours."""
    table = Table(
        "Beside path- and bush-based programs",
        "Cold start, one thread, CPU time; PyTraf is path-based in Rust, TAP-B is Algorithm B in C and tells its time "
        "itself, its looks at the gap not counted. Ratios are medians over turns.",
    )
    for name in bench.networks:
        if not bench.rivals:
            break
        if name == TWICE:  # minutes a turn over there
            continue
        problem = bench.problem(name)
        for gap in (COARSE,) if bench.quick else (COARSE, FINE):
            with bench.programs(problem, bench.rivals) as (programs, _):
                turns = _from_scratch(bench, "rivals", problem, programs, gap)
            row: dict[str, Any] = {"network": name, "gap asked": gap, "ours, CPU s": _median(turns[OURS], "cpu_s")}
            row |= {f"{peer}, CPU s": _median(turns[peer], "cpu_s") for peer in bench.rivals}
            row |= {f"{peer} / ours": _times_ours(turns, peer, "cpu_s") for peer in bench.rivals}
            row |= {f"{program}, gap measured": turns[program][-1].quality.gap for program in programs}
            table.rows.append(row | {"turns": len(turns[OURS])})
    return table


def warm(bench: Bench) -> Table:
    """Return the table of warm starts."""
    table = Table(
        "Warm start after closures",
        "Random links that carry traffic are closed, such that everybody still gets there. Ours starts from its "
        f"equilibrium of the undamaged network (gap {number(FINE)}, solved and prepared once), the peer from scratch; "
        f"both stop at {number(COARSE)}. Each turn draws other links; there is no row where so many cannot "
        "be closed. Gaps are measured ones, the worst of all turns; flow errors are medians, vehicles/h.",
    )
    for name in bench.networks:
        if name == TWICE:
            continue
        problem = bench.problem(name)
        with bench.programs(problem, bench.peers) as (programs, _):
            prepared, usual = bench.flow(programs[OURS], do="prepare")
            for many in CLOSURES:
                if bench.quick and many not in {1, 10}:
                    continue
                rng = np.random.default_rng([SEED, many])
                turns: dict[str, list[Turn]] = {program: [] for program in ("scratch", *programs)}
                started = time.monotonic()
                for repeat in range(bench.repeats):
                    closed = draw_closures(problem, usual, many, rng)
                    if closed is None or (repeat and not bench.patient(started)):
                        break
                    _warm_turn(bench, problem, programs, closed, turns)
                    _log("warm", name, many, [f"{k} {v[-1].answer['wall_s']:.4f} s" for k, v in turns.items()])
                if turns[OURS]:
                    table.rows.append(_warm_row(name, many, turns, float(prepared["wall_s"])))
                else:
                    _log("warm", name, many, "closures that leave everybody a way were not found")
    return table


def _warm_turn(
    bench: Bench, problem: Problem, programs: dict[str, Resident], closed: Bools, turns: dict[str, list[Turn]]
) -> None:
    """Let every program solve one damaged network, ours also from scratch; the reference comes from a finer gap."""
    links = np.flatnonzero(closed).tolist()
    _, reference = bench.flow(programs[OURS], do="assign", gap=COARSE / 100, closed=links)
    for program, resident in programs.items():
        do = "warm" if program == OURS else "assign"
        turns[program].append(bench.turn(resident, problem, reference, do=do, gap=COARSE, closed=links))
    again = bench.turn(programs[OURS], problem, reference, do="assign", gap=COARSE, closed=links)
    turns["scratch"].append(again)


def _warm_row(name: str, many: int, turns: dict[str, list[Turn]], prepared: float) -> dict[str, Any]:
    peers = [program for program in turns if program not in {OURS, "scratch"}]
    return {
        "network": name,
        "closures": many,
        "ours warm, s": _median(turns[OURS], "wall_s"),
        "ours from scratch, s": _median(turns["scratch"], "wall_s"),
        **{f"{peer}, s": _median(turns[peer], "wall_s") for peer in peers},
        **{f"{peer}, times ours warm": _times_ours(turns, peer) for peer in peers},
        "our gap": max(t.quality.gap for t in turns[OURS]),
        "peer's gap": max(t.quality.gap for t in turns[peers[0]]),
        "our flow error": statistics.median(t.quality.flow_rms for t in turns[OURS]),
        "peer's flow error": statistics.median(t.quality.flow_rms for t in turns[peers[0]]),
        "base s": prepared,
        "neighbours": _neighbours([t for mine in turns.values() for t in mine]),
        "turns": len(turns[OURS]),
    }


def ensembles(bench: Bench) -> Table:
    """Return the table of scenarios a minute."""
    many, count = 10, 40 if bench.quick else 400
    peer = max(bench.peers, key=lambda name: bench.peers[name].cores)
    table = Table(
        "Ensembles",
        f"{count} scenarios of {many} closures each, drawn as above, solved to {number(COARSE)} in two threads of "
        f"ours (their preparation included). {peer}, solved the first three from scratch, one after the other.",
    )
    for name in ("Anaheim", "Chicago-Sketch"):
        if name not in bench.networks:
            continue
        problem = bench.problem(name)
        with bench.programs(problem, {peer: bench.peers[peer]}) as (programs, _):
            _, usual = bench.flow(programs[OURS], do="prepare")
            rng = np.random.default_rng([SEED, count])
            drawn = [draw_closures(problem, usual, many, rng) for _ in range(count)]
            closed = [np.flatnonzero(mask).tolist() for mask in drawn if mask is not None]
            answer = programs[OURS].ask(do="many", gap=COARSE, closed=closed, workers=2)
            seconds = [
                bench.flow(programs[peer], do="assign", gap=COARSE, closed=links)[0]["wall_s"] for links in closed[:3]
            ]
        ours, peers = 60 * len(closed) / answer["wall_s"], 60 / statistics.median(seconds)
        _log("ensembles", name, f"{ours:.0f} and {peers:.0f} a minute")
        table.rows.append(
            {
                "network": name,
                "scenarios": len(closed),
                "ours, a minute": ours,
                "peer, a minute": peers,
                "ratio": ours / peers,
                "our worst gap": answer["worst_gap"],
                "our wall s": answer["wall_s"],
                "our CPU s": answer["cpu_s"],
            }
        )
    return table


def scan(bench: Bench) -> Table:
    """Return the table of full scans."""
    table = Table(
        "Every link closed once",
        f"One solution for each link of the network, that link closed, to {number(FINE)}, in two of our threads "
        "(their preparation included). Where a closure cuts somebody off, the others are assigned.",
    )
    for name in ("Anaheim", "Chicago-Sketch"):
        if name not in bench.networks:
            continue
        problem = bench.problem(name)
        links = range(0, len(problem.tail), 20 if bench.quick else 1)
        with bench.programs(problem, {}) as (programs, _):
            bench.flow(programs[OURS], do="prepare")
            closed = [[link] for link in links]
            answer = programs[OURS].ask(do="many", gap=FINE, closed=closed, workers=2)
        _log("scan", name, f"{answer['wall_s']:.1f} s")
        table.rows.append(
            {
                "network": name,
                "links": len(closed),
                "wall s": answer["wall_s"],
                "CPU s": answer["cpu_s"],
                "ms a link": 1000 * answer["wall_s"] / len(closed),
                "worst gap": answer["worst_gap"],
                "closures that cut somebody off": answer["unserved"],
            }
        )
    return table


SECTIONS: dict[str, Callable[[Bench], Table]] = {
    "cold": cold, "rivals": rivals, "warm": warm, "ensembles": ensembles, "scan": scan,
}  # fmt: skip


def main() -> None:
    """Run the sections asked for and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_assignment", description=__doc__)
    add = parser.add_argument
    add("--data", type=Path, required=True, help="folder that holds SiouxFalls, Anaheim and Chicago-Sketch")
    add("--networks", nargs="+", help="folders of DATA, Porto-Alegre, Porto-Alegre-twice (default: all five)")
    add("--sections", nargs="+", choices=[*SECTIONS], default=[*SECTIONS])
    add("--threads", nargs="+", type=int, default=[1, 2], help="of the peer, one after the other (default: 1 2)")
    add("--repeats", type=int, default=5, help="turns of each case, medians are shown (default: %(default)s)")
    add("--patience", type=float, default=120, help="seconds after which a case gets no further turn (%(default)s)")
    add("--quick", action="store_true", help="the two small networks, one turn, few closures: does it run at all")
    add("--aequilibrae", type=Path, default=PEERS / "aequilibrae/bin/python", help="interpreter that has it")
    add("--pytraf", type=Path, default=PEERS / "pytraf/bin/python", help="interpreter that has it; left out if missing")
    add("--tap-b", type=Path, default=PEERS / "tap-b/bin/tap", help="the program; left out if missing")
    add("--date", default=datetime.datetime.now(datetime.UTC).date().isoformat(), help="what the page says")
    add("--out", type=Path, help="page to write; a JSON file of the same name goes to build/benchmarks")
    asked = parser.parse_args()
    if not asked.aequilibrae.exists():
        parser.error("AequilibraE is not installed; make bench-assignment does it")
    networks = asked.networks or ([*GAPS][:2] if asked.quick else [*GAPS, PORTO_ALEGRE, TWICE])
    peers = {
        f"AequilibraE, {n} thread{'s' * (n > 1)}": Peer(
            "benchmarks.peers.aequilibrae_bfw", asked.aequilibrae.absolute(), n
        )
        for n in asked.threads
    }
    others = {}
    if asked.pytraf.exists():
        others["PyTraf"] = Peer("benchmarks.peers.pytraf_paths", asked.pytraf.absolute())
    if asked.tap_b.exists():
        os.environ["TAP_B"] = str(asked.tap_b.absolute())
        others["TAP-B"] = Peer("benchmarks.peers.tap_b", asked.aequilibrae.absolute())
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(
            asked.data.resolve(), networks, peers, others, 1 if asked.quick else asked.repeats, asked.patience,
            asked.quick, Path(scratch),
        )  # fmt: skip
        tables = [SECTIONS[name](bench) for name in asked.sections]
    for table in tables:
        print(table.markdown())
    if asked.out is not None:
        write_page(asked.out, asked.date, bench.peer_versions, tables, quick=asked.quick)
        kept = ROOT / "build/benchmarks" / f"{asked.out.stem}.json"
        kept.parent.mkdir(parents=True, exist_ok=True)
        found = {"date": asked.date, "machine": machine(), "tables": [asdict(table) for table in tables]}
        found["turns"] = bench.every_turn
        kept.write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
