"""Expressions that pick components, such as "road.name == 'Main Street' and road.lanes >= 2".

They are read with Python's parser and only comparisons, lists, and/or/not and numbers are carried out: a case file
can pick rows with them and can run nothing.
"""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from resilience.base.errors import InputError, near
from resilience.base.text import say
from resilience.networks.layer import picks

if TYPE_CHECKING:
    import pandas as pd

    from resilience.city.city import City

_COMPARE = {
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}  # fmt: skip


def select(city: City, where: str) -> tuple[str, pd.Index]:
    """Return the table and the ids that an expression picks.

    Columns are written layer.column; the layer is road, power, facility, firm, zone or the word of a layer from
    elsewhere, the same throughout;
    layer.id is the global id.

    >>> from resilience.testing import tiny_case
    >>> table, picked = select(tiny_case().city, "power.kind == 'substation' and power.x < 150")
    >>> table, list(picked)
    ('power_nodes', ['power:SS2'])

    Raises
    ------
    InputError
        The layer or a column is unknown, the expression cannot be read, or nothing matches.

    """
    if not isinstance(where, str):
        raise InputError(say("error.bad_where", where=where, reason=say("error.no_comparison")))
    try:
        tree = ast.parse(" ".join(where.split()), mode="eval").body
    except SyntaxError as error:
        raise InputError(say("error.bad_where", where=where, reason=error.msg)) from error
    layers = {n.value.id for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name)}
    layer = min(layers, default=where.split(".", 1)[0])
    known = picks()
    if len(layers) != 1 or layer not in known:
        raise InputError(say("error.unknown_layer", where=where, expected=near(layer, known)))
    table = city[known[layer]]
    try:
        picked = np.asarray(_value(tree, table, where))
    except TypeError as error:
        raise InputError(say("error.bad_where", where=where, reason=error)) from error
    if picked.dtype != np.bool_ or picked.shape != (len(table),):
        raise InputError(say("error.bad_where", where=where, reason=say("error.no_comparison")))
    if not picked.any():
        raise InputError(say("error.no_match", where=where))
    return known[layer], table.index[picked]


def _value(node: ast.expr, table: pd.DataFrame, where: str) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(part, table, where) for part in node.elts]
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        if node.attr == "id":
            return table.index.to_series()
        if node.attr not in table.columns:
            expected = near(node.attr, ["id", *table.columns])
            raise InputError(say("error.where_column", where=where, name=node.attr, expected=expected))
        return table[node.attr]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, table, where)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ~_value(node.operand, table, where)
    if isinstance(node, ast.BoolOp):
        parts = [np.asarray(_value(part, table, where), bool) for part in node.values]
        return np.logical_and.reduce(parts) if isinstance(node.op, ast.And) else np.logical_or.reduce(parts)
    if isinstance(node, ast.Compare):
        return _compare(node, table, where)
    raise InputError(say("error.bad_where", where=where, reason=ast.unparse(node)))


def _compare(node: ast.Compare, table: pd.DataFrame, where: str) -> Any:
    result: Any = True
    left = _value(node.left, table, where)
    for sign, right_node in zip(node.ops, node.comparators, strict=True):
        right = _value(right_node, table, where)
        if isinstance(sign, ast.In | ast.NotIn):
            if not hasattr(left, "isin") or hasattr(right, "isin"):
                raise InputError(say("error.bad_where", where=where, reason=ast.unparse(node)))
            held = left.isin(right if isinstance(right, list) else [right])
            held = held if isinstance(sign, ast.In) else ~held
        elif type(sign) in _COMPARE:
            held = _COMPARE[type(sign)](left, right)
        else:
            raise InputError(say("error.bad_where", where=where, reason=ast.unparse(node)))
        result = result & np.asarray(held)
        left = right
    return result
