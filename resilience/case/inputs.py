"""What is given: the hazards of a case, its operations, behaviours and the rhythm of its days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from resilience.agents.commuters import CommuterAgent
from resilience.agents.firms import FirmAgent
from resilience.base.errors import CaseError, InputError, Problem
from resilience.base.plugins import find
from resilience.case.sections import check_arguments, entries, leaves, section
from resilience.city.inputs import Behaviours, Inputs, Operations, Rhythm

if TYPE_CHECKING:
    from pathlib import Path

    from resilience.city.city import City


def read_hazards(
    config: dict[str, Any], folder: Path, city: City, code: Path | None, problems: list[Problem]
) -> dict[str, Any]:
    """Return the hazards of a case by name; faults are appended to `problems`."""
    hazards: dict[str, Any] = {}
    for entry in entries(config, "hazard", problems):
        head = section(config, "hazard", problems, entry, extra=True)
        if "name" not in head or "kind" not in head:
            continue
        label = f'[[hazard]] "{head["name"]}"'
        given = {k: v for k, v in entry.items() if k not in ("name", "kind")}
        try:
            kind = find("hazards", head["kind"], code=code)
            outside = [v for v in given.values() if isinstance(v, str) and leaves(folder, v)]
            problems += [Problem("outside_folder", "case.toml", column=label, found=v) for v in outside]
            if check_arguments(kind.read, given, label, problems, skip=("folder", "city")) and not outside:
                hazards[head["name"]] = kind.read(folder, city, **given)
        except CaseError as error:
            problems += error.problems
        except (InputError, TypeError, ValueError) as error:
            problems.append(Problem("plain", "case.toml", column=label, found=str(error)))
    return hazards


def read_inputs(
    config: dict[str, Any], city: City, hazards: dict[str, Any], code: Path | None, problems: list[Problem]
) -> Inputs:
    """Return the inputs of a case; faults are appended to `problems`."""
    operations = section(config, "operations", problems)
    behaviour = section(config, "behaviour", problems)
    periods = section(config, "periods", problems)
    traffic = section(config, "traffic", problems)
    for key in ("commuters", "firms"):
        if key in behaviour:
            try:
                kind = find("agents", behaviour[key], code=code)
            except InputError as error:
                problems.append(Problem("plain", "case.toml", column=f"[behaviour] {key}", found=str(error)))
                continue
            single = getattr(kind, "one_by_one", kind)
            wrong = FirmAgent if key == "commuters" else CommuterAgent
            if isinstance(single, type) and issubclass(single, wrong):
                column = f"[behaviour] {key}"
                problems.append(
                    Problem("wrong_behaviour", "case.toml", column=column, found=behaviour[key], expected=key)
                )
    if periods.get("morning", 7) >= periods.get("evening", 18):
        found = f"{periods.get('morning')}, {periods.get('evening')}"
        problems.append(Problem("bad_span", "case.toml", column="[periods] morning, evening", found=found))
    return Inputs(
        city=city,
        hazards=hazards,
        operations=Operations(int(operations.get("crews", 4)), operations.get("repair_order", "")),
        behaviours=Behaviours(**behaviour),
        rhythm=Rhythm(
            int(periods.get("morning", 7)), int(periods.get("evening", 18)), float(traffic.get("relative_gap", 1e-5))
        ),
    )
