"""Write docs/parameters.md, docs/case-format.md and docs/metrics.md from the data files that the program itself reads.

Run with: python docs/build.py. A test fails when the pages do not match the data.
"""

from __future__ import annotations

from pathlib import Path

from resilience.base.defaults import parameters
from resilience.base.schema import case_schema, schema, schema_names
from resilience.base.text import say
from resilience.case.sections import SEVERAL
from resilience.metrics.scoring import all_metrics

HERE = Path(__file__).parent
MADE = "<!-- made by docs/build.py from the data files; do not edit -->\n\n"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    return _row(head) + _row(["---"] * len(head)) + "".join(_row(r) for r in rows) + "\n"


def parameter_page() -> str:
    """Return the page of all default values."""
    page = MADE + "# Default values\n\nEvery default lies in a table of `resilience/data/defaults/`. *How sure*: "
    page += "**verified** was read in the source named, **standard** is common usage, "
    page += "**assumed** is a choice that you should check.\n\n"
    table = parameters()
    for room, part in table.groupby("room", sort=True):
        rows = [
            [f"`{name}`", str(r["value"]), str(r["unit"]), str(r["sure"]), str(r["meaning"]), str(r["source"])]
            for name, r in part.iterrows()
        ]
        page += f"## {room}\n\n" + _table(["name", "value", "unit", "how sure", "meaning", "source"], rows)
    return page


def case_page() -> str:
    """Return the page of the case format."""
    page = (
        MADE
        + "# The case format\n\nA case is a folder with `case.toml` and any of the tables below; an absent layer is "
    )
    page += "said to be not assessed. `resilience check FOLDER` reports all problems at once.\n\n## case.toml\n\n"
    head = ["key", "type", "required", "default", "limits", "meaning"]
    for section, part in case_schema().groupby("section", sort=False):
        double = section in SEVERAL
        title = f"[[{section}]]" if double else f"[{section}]"
        rows = [
            [f"`{r['key']}`", r["type"], r["required"], r["default"], _limits(r), r["meaning"]]
            for _, r in part.iterrows()
        ]
        page += f"### {title}\n\n" + _table(head, rows)
    page += "A hazard or measure has the keys of its kind as well; its class documents them.\n\n## Tables\n\n"
    for name in schema_names():
        part = schema(name)
        rows = [
            [f"`{column}`", r["type"] + (f" of {r['refers']}" if r["refers"] else ""), r["unit"], r["required"],
             r["default"], _limits(r), r["meaning"]]
            for column, r in part.iterrows()
        ]  # fmt: skip
        page += f"### {name}.csv\n\n" + _table(["column", "type", "unit", *head[2:]], rows)
    return page


def _limits(rule: object) -> str:
    least, most, choices = (rule[k] for k in ("least", "most", "choices"))  # type: ignore[index]
    if choices:
        return str(choices).replace("|", ", ")
    low = (least if least.startswith(">") else f">= {least}") if least else ""
    return ", ".join(part for part in (low, f"<= {most}" if most else "") if part)


def metric_page() -> str:
    """Return the page of all metrics."""
    page = (
        MADE + "# Metrics\n\nThere is no composite index. A *service* is a resilience curve Q, served over target.\n\n"
    )
    rows = [
        [f"`{m.name}`", say(f"metric.{m.name}.name", lang="en"), say(f"unit.{m.unit}", lang="en"), m.better,
         "yes" if m.service else "", ", ".join(m.needs), say(f"metric.{m.name}.meaning", lang="en")]
        for m in all_metrics().values()
    ]  # fmt: skip
    return page + _table(["name", "label", "unit", "better", "service", "needs", "definition"], rows)


PAGES = {"parameters.md": parameter_page, "case-format.md": case_page, "metrics.md": metric_page}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (HERE / name).write_text(make(), encoding="utf-8")
