"""`resilience assign`: user equilibrium, system optimum or logit equilibrium of a case or another network."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from resilience.base.errors import InputError, RunError, StoppedError
from resilience.base.text import say
from resilience.cli.app import AsJson, app
from resilience.cli.show import clean_json

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from resilience.base.arrays import Floats
    from resilience.city.inputs import Rhythm
    from resilience.cli.watch import Watch
    from resilience.readers.tntp import Tntp
    from resilience.traffic.counts import Counts
    from resilience.traffic.equilibrium.solution import Assignment

    Found = tuple[dict[str, Any], Callable[[], dict[str, pd.DataFrame]]]  # numbers, and what makes the tables


@app.command(help=say("cli.assign"))
def assign(
    folder: Annotated[Path, typer.Argument(metavar="CASE|NETWORK", help=say("help.case_or_network"))],
    gap: Annotated[float | None, typer.Option(help=say("help.gap_of_assign"))] = None,
    as_json: AsJson = False,
    toll_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_toll"))] = 0.0,
    distance_weight: Annotated[float, typer.Option(help=say("help.cost_units_per_unit_of_lengt"))] = 0.0,
    iterations: Annotated[int, typer.Option(help=say("help.most_iterations"))] = 1000,
    seconds: Annotated[float | None, typer.Option(help=say("help.seconds"))] = None,
    system_optimum: Annotated[bool, typer.Option("--system-optimum", help=say("help.system_optimum"))] = False,
    logit: Annotated[float | None, typer.Option(metavar="THETA", help=say("help.logit"))] = None,
    ways: Annotated[str, typer.Option(help=say("help.ways"))] = "link",
    period: Annotated[str | None, typer.Option(help=say("help.period"))] = None,
    trips: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.trips_file"))] = None,
    core: Annotated[str | None, typer.Option(help=say("help.core"))] = None,
    omx: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.omx"))] = None,
    turns: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.turns"))] = None,
    give_up: Annotated[float | None, typer.Option(metavar="MINUTES", help=say("help.give_up_after"))] = None,
    elastic: Annotated[float | None, typer.Option(metavar="THETA", help=say("help.elastic"))] = None,
    classes: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.class_file"))] = None,
    closed: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.class_closed"))] = None,
    hours: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.hours_file"))] = None,
    counts: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.counts"))] = None,
    estimate: Annotated[int, typer.Option(metavar="STEPS", help=say("help.estimate"))] = 0,
    hold_out: Annotated[float, typer.Option(help=say("help.hold_out"))] = 0.2,
    out: Annotated[Path | None, typer.Option(help=say("help.assign_folder"))] = None,
    gmns: Annotated[Path | None, typer.Option(metavar="FOLDER", help=say("help.gmns"))] = None,
    gpkg: Annotated[Path | None, typer.Option(metavar="FILE", help=say("help.gpkg"))] = None,
) -> None:
    """Assign the trips of a network to its roads."""
    from resilience.base.files import check_folder
    from resilience.cli import travellers
    from resilience.cli.start import skip_blas
    from resilience.cli.watch import Watch

    skip_blas()
    gap = gap if gap is not None else 1e-6 if logit is None else 1e-4
    if iterations < 1:
        raise InputError(say("error.not_positive", name="iterations", found=iterations))
    if not (math.isfinite(gap) and gap > 0.0):
        raise InputError(say("error.bad_gap", found=gap))
    if seconds is not None and not (math.isfinite(seconds) and seconds > 0.0):
        raise InputError(say("error.above_zero_option", name="--seconds", found=seconds))
    if logit is not None and system_optimum:
        raise InputError(say("error.two_models", first="--system-optimum", second="--logit"))
    others = (logit, counts, gmns, gpkg, seconds, omx, give_up, elastic)
    if hours is not None and (system_optimum or any(other is not None for other in others)):
        raise InputError(say("error.hours_with_what"))
    if estimate and (counts is None or system_optimum or logit is not None):
        raise InputError(say("error.estimate_of_what"))
    if logit is not None:
        from resilience.traffic.logit.logit import check_logit

        check_logit(logit, ways)
    for target in (out, gmns, gpkg.parent if gpkg is not None else None):
        if target is not None:
            check_folder(target)
    given = None
    if trips is not None:
        from resilience.readers.omx import read_omx

        given = read_omx(trips, core=core)
    data, habits = _read(folder, period, given, toll_weight=toll_weight, distance_weight=distance_weight)
    profile = None if hours is None else travellers.profile_of(travellers.read_option(hours))
    if habits is not None and hours is None:  # as a run solves it
        profile = travellers.profile_of_case(habits, period)
        if profile is not None and (system_optimum or any(other is not None for other in others)):
            raise InputError(say("error.profile_with_options"))
        if not (system_optimum or estimate or any(other is not None for other in (logit, give_up, elastic))):
            logit, ways = habits.logit_theta, habits.logit_ways
    for notice in data.notices:
        typer.echo(say("cli.notice", text=notice), err=True)
    drawn = None if gpkg is None else _drawn(data)
    roads = data
    if turns is not None:
        data = _turned(data, turns)
    if closed is not None and classes is None:
        raise InputError(say("error.closed_of_whom"))
    if classes is not None:
        data = travellers.with_classes(
            data, travellers.read_option(classes), None if closed is None else travellers.read_option(closed)
        )  # fmt: skip
    data = travellers.with_answer(data, give_up, elastic)
    counted = _counted(data, counts) if counts is not None else None
    start = time.perf_counter()
    with Watch(seconds) as watch:
        if profile is not None:
            numbers, build = _of_hours(data, gap, *profile)
        elif counted is not None and estimate:
            numbers, build = _estimated(data, watch, counted, gap, estimate, hold_out)
        else:
            numbers, build = _solved(
                data, watch, gap, iterations, system_optimum=system_optimum, theta=logit, ways=ways
            )
    asked = any(wanted is not None for wanted in (out, omx, gmns, gpkg, counted))
    tables = build() if asked else {}  # pandas is a third of the start of a command on a small network
    if counted is not None:
        from dataclasses import asdict

        from resilience.traffic.counts import fit, fit_table

        flow = tables["links"]["flow"].to_numpy(float)
        numbers |= asdict(fit(flow, counted))
        tables["counts"] = fit_table(data.graph, flow, counted).reset_index()
    if omx is not None:
        from resilience.readers.omx import matrix_of, write_omx

        zones = data.zone_names
        names = {"demand": 0.0, "served": 0.0, "minutes": float("inf")}
        parts = {"": tables["pairs"]}
        if "vehicle" in tables["pairs"].columns:
            parts = {f"_{vehicle}": part for vehicle, part in tables["pairs"].groupby("vehicle", sort=False)}
        matrices = {
            name + kind: matrix_of(zones, part, name, fill=fill)
            for kind, part in parts.items()
            for name, fill in names.items()
        }
        write_omx(omx, matrices, zones, about=data.name)
    if gmns is not None:
        from resilience.readers.gmns import write_gmns

        write_gmns(gmns, data, tables["links"])
    if gpkg is not None and drawn is not None:
        from resilience.readers.geopackage import write_links

        write_links(gpkg, roads, drawn, tables["links"])
    numbers["seconds"] = round(time.perf_counter() - start, 4)
    if out is not None:
        from resilience.base.files import atomic

        for name, table in tables.items():
            with atomic(out / f"{name}.csv") as temporary:
                table.to_csv(temporary, index=False)
    _tell(numbers, watch, gap, as_json=as_json)


def _read(folder: Path, period: str | None, trips: pd.DataFrame | None, **weights: float) -> tuple[Tntp, Rhythm | None]:
    """Return a network with its demand, from a case with its rhythm, or from a folder in GMNS or TNTP format."""
    from resilience.case.shipped import shipped_cases
    from resilience.readers.gmns import is_gmns, read_gmns
    from resilience.readers.tntp import is_tntp, read_tntp

    shipped = {case.name: case for case in shipped_cases()}
    target = folder if folder.is_dir() else shipped.get(str(folder), folder)
    network = is_gmns(target) or is_tntp(target)
    if not network and (target / "case.toml").is_file():
        return _of_case(target, period or "morning", trips, weights)
    if period is not None:
        raise InputError(say("error.period_of_case", folder=folder))
    read = read_gmns if is_gmns(target) else read_tntp
    return read(target, trips=trips, **weights), None


def _of_case(folder: Path, period: str, trips: pd.DataFrame | None, weights: dict[str, float]) -> tuple[Tntp, Rhythm]:
    """Return the roads of a case with the trips of an ordinary day, or those given between its zones."""
    from dataclasses import replace

    from resilience.case.case import load_case
    from resilience.case.ordinary import ordinary_network
    from resilience.traffic import Demand

    if any(weights.values()):
        raise InputError(say("error.weights_of_case", folder=folder))
    case = load_case(folder)
    data, rhythm = ordinary_network(case, period), case.inputs.rhythm
    if trips is None:
        return data, rhythm
    if len(data.demand.classes) > 1:
        typer.echo(say("cli.notice", text=say("cli.trips_by_car")), err=True)
    ends = {end: "zone:" + trips[end].astype(str).str.removeprefix("zone:") for end in ("origin", "destination")}
    trips = trips.assign(**ends)
    within = trips["origin"] == trips["destination"]
    demand = Demand.from_table(data.graph, trips[~within])
    return replace(data, demand=demand, intrazonal=float(trips["vph"][within].sum())), rhythm


def _drawn(data: Tntp) -> list[Floats]:
    """Return the courses of links, and tell where it is not known in which coordinate system they are."""
    from resilience.readers.geopackage import lines_of

    lines = lines_of(data)
    if not data.crs:
        typer.echo(say("cli.notice", text=say("cli.gpkg_no_crs")), err=True)
    return lines


def _turned(data: Tntp, path: Path) -> Tntp:
    """Return the network with the turns of a file."""
    from dataclasses import replace

    from resilience.cli.travellers import read_option
    from resilience.traffic import with_turns

    return replace(data, graph=with_turns(data.graph, read_option(path)))


def _counted(data: Tntp, path: Path) -> Counts:
    """Return the counts of a file."""
    from resilience.cli.travellers import read_option
    from resilience.traffic.counts import read_counts

    return read_counts(data.graph, read_option(path))


def _estimated(data: Tntp, watch: Watch, counts: Counts, gap: float, steps: int, hold_out: float) -> Found:
    """Return the numbers and the tables of trips changed to fit counts."""
    from resilience.traffic.counts import estimate_matrix

    found = estimate_matrix(data.graph, data.demand, counts, steps=steps, hold_out=hold_out, gap=gap, progress=watch)
    numbers, tables = _of(found.assignment, found.assignment.link_table, found.assignment.total_travel_time)
    last = found.steps.iloc[-1]
    numbers |= {"trips": float(last["trips"]), "held_out_geh_below_5": float(last["held_out_geh_below_5"]),
                "held_out_r2": float(last["held_out_r2"])}  # fmt: skip

    def build() -> dict[str, pd.DataFrame]:
        made = tables()
        trips = made["pairs"][["origin", "destination", "demand"]].rename(columns={"demand": "vph"})
        return made | {"trips": trips, "steps": found.steps.reset_index()}

    return numbers, build


def _solved(
    data: Tntp, watch: Watch, gap: float, iterations: int, *, system_optimum: bool, theta: float | None, ways: str
) -> Found:
    """Return the numbers and the tables of a solution."""
    from resilience import traffic

    how: dict[str, Any] = {"gap": gap, "iterations": iterations, "progress": watch}
    if theta is not None:
        fuzzy = traffic.assign_logit(data.graph, data.demand, theta=theta, loading=ways, **how)
        return {
            "total_travel_time": fuzzy.total_travel_time, "residual": fuzzy.residual, "iterations": fuzzy.iterations,
            "unserved": float(fuzzy.unserved.sum()), "converged": bool(fuzzy.converged), "stalled": bool(fuzzy.stalled),
        }, lambda: {"links": fuzzy.link_table().reset_index(), "pairs": fuzzy.pair_table()}  # fmt: skip
    if system_optimum:
        best = traffic.system_optimum(data.graph, data.demand, **how)
        found, links, total = best.marginal, best.link_table, best.total_travel_time
    else:
        found = traffic.assign(data.graph, data.demand, **how)
        links, total = found.link_table, found.total_travel_time
    return _of(found, links, total)


def _of_hours(data: Tntp, gap: float, factor: Floats, minutes: Floats) -> Found:
    """Return the numbers and the tables of a row of time slices."""
    import pandas as pd

    from resilience import traffic

    found = traffic.assign_hours(data.graph, data.demand, factor, minutes=minutes.tolist(), gap=gap)
    table = found.table
    numbers = {
        "slices": len(table), "total_travel_time": 60.0 * float(table["total_travel_time"].sum()),
        "relative_gap": float(table["relative_gap"].max()), "iterations": sum(s.iterations for s in found.slices),
        "not_finished": float(found.not_finished.sum()), "converged": found.converged,
        "stalled": bool(table["stalled"].any()),
    }  # fmt: skip

    def build() -> dict[str, pd.DataFrame]:
        parts = {
            "links": [s.link_table().reset_index() for s in found.slices],
            "pairs": [s.pair_table() for s in found.slices],
        }
        tables = {
            name: pd.concat([part.assign(slice=i) for i, part in enumerate(some)], ignore_index=True)
            for name, some in parts.items()
        }
        return tables | {"hours": table.reset_index(drop=True)}

    return numbers, build


def _of(found: Assignment, links: Callable[[], pd.DataFrame], total: float) -> Found:
    numbers = {
        "objective": found.objective, "total_travel_time": total, "relative_gap": found.relative_gap,
        "average_excess_cost": found.average_excess_cost, "iterations": found.iterations,
        "unserved": float(found.unserved.sum()), "converged": bool(found.converged), "stalled": bool(found.stalled),
    }  # fmt: skip
    return numbers, lambda: {"links": links().reset_index(), "pairs": found.pair_table()}


def _tell(numbers: dict[str, Any], watch: Watch, gap: float, *, as_json: bool) -> None:
    """Print the numbers, and say whether the gap was reached and if not, why.

    Raises
    ------
    StoppedError, RunError
        The user ended the search, or it ended short of the gap.

    """
    if as_json:
        typer.echo(clean_json(numbers))
    else:
        for key, value in numbers.items():
            if not isinstance(value, bool):
                typer.echo(f"{key:18} {value:,.10g}")
    said = {"gap": gap, "iterations": numbers["iterations"]}
    said["found"] = f"{numbers['relative_gap' if 'relative_gap' in numbers else 'residual']:.3g}"
    if numbers["converged"]:
        if not as_json:
            typer.echo(say("cli.gap_reached", **said))
        return
    if watch.ended_by == "user":
        raise StoppedError(say("cli.gap_stopped", **said))
    if watch.ended_by == "time":
        raise RunError(say("cli.gap_time", seconds=watch.seconds, **said))
    raise RunError(say("cli.gap_stalled" if numbers["stalled"] else "cli.gap_missed", **said))
