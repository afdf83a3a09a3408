"""What a run folder says about itself."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from resilience.base.defaults import default
from resilience.metrics.scoring import all_metrics
from resilience.results.record import KEYS, SCHEMA_VERSION, TABLES
from resilience.stress.runner import REPRESENTATIVE

if TYPE_CHECKING:
    from resilience.case.case import Case
    from resilience.case.scenario import Scenario
    from resilience.metrics.metric import Metric


def manifest_of(case: Case, plan: dict[str, Any], rasters: dict[str, Any]) -> dict[str, Any]:
    """Return what the folder of a run says about itself."""
    city = case.city
    return {
        "schema_version": SCHEMA_VERSION,
        "case": plan["case"],
        "name": city.name,
        "name_zh": city.name_zh,
        "crs": city.crs,
        "currency": city.currency,
        "price_year": city.price_year,
        "attribution": city.attribution,
        "illustrative": case.illustrative,
        "notices": [asdict(n) for n in case.notices],
        "not_assessed": case.not_assessed,
        "seed": plan["seed"],
        "replicates": plan["replicates"],
        "representative": REPRESENTATIVE,
        "scenarios": [_scenario(case.scenarios[n], case) for n in plan["scenarios"]],
        "ladders": [
            {"name": x.name, "scenarios": [n for n in x.scenarios if n in plan["scenarios"]]} for x in case.ladders
        ],
        "options": [_option(case.options[n]) for n in plan["options"]],
        "tolerances": [asdict(t) for t in case.tolerances],
        "metrics": [_metric(m) for m in all_metrics().values()],
        "rasters": rasters,
        "tables": {KEYS[0]: list(TABLES)},
        "plan": plan,
    }


def _metric(metric: Metric) -> dict[str, Any]:
    of_days = default("economy.share_days") if metric.name == "economy/value_added_lost_share" else None
    return {
        "name": metric.name, "pillar": metric.pillar, "unit": metric.unit, "better": metric.better,
        "service": metric.service, "total": metric.total, "of_days": of_days,
    }  # fmt: skip


def _scenario(scenario: Scenario, case: Case) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "severity": scenario.severity,
        "severity_unit": {n: case.inputs.hazards[n].unit for n in scenario.severity},
        "return_period_years": scenario.return_period_years,
        "return_period_known": scenario.return_period_known,
        "onset_weekday": scenario.onset.weekday,
        "onset_hour": scenario.onset.hour,
        "warning_hours": scenario.warning_hours,
        "hours": scenario.hours,
        "no_hazard": scenario.without_hazard().name,
    }


def _option(option: Any) -> dict[str, Any]:
    rate = default("economy.discount_rate")
    rows = [
        {
            "name": m.name,
            "kind": m.kind,
            "capex": m.capex,
            "opex_per_year": m.opex_per_year,
            "life_years": m.life_years,
            "cost_per_year": m.cost_per_year(rate),
            "lead_time_years": m.lead_time_years,
            "failure_probability": m.failure_probability,
        }
        for m in option.measures
    ]
    per_year = sum(row["cost_per_year"] for row in rows)
    return {"name": option.name, "capex": option.capex, "cost_per_year": per_year, "measures": rows}
