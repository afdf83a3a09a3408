"""What it costs to drive a link or an arc at a flow: power (BPR), conical, or a user's own function.

power    t0 (1 + b (v/c)^p)                                                   Bureau of Public Roads (1964)
conical  t0 (2 + sqrt(p^2 (1 - v/c)^2 + q^2) - p (1 - v/c) - q), q = (2p - 1)/(2p - 2), p > 1     Spiess (1990)
own      two numba functions of (v, t0, c, b, p): the minutes and their derivative

A chain of links with the same power is one arc with t = fixed + scale v^p, and so is what the kernels see of it: a
matrix with one row, a cache line, for each arc. A function of the user is compiled to machine code and called by its
address, which costs the others nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import ir
from numba import cfunc, njit, types
from numba.core.errors import NumbaError
from numba.extending import intrinsic

from resilience.base.errors import InputError
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from resilience.base.arrays import Floats


FOURTH, POWER, CONICAL, OWN = 0, 1, 2, 3  # kinds of cost function; the first is the power function with p = 4
FLOW, SLOPE, FIXED, KIND, SCALE, EXPONENT, CAPACITY, B = range(8)  # columns of the matrix of arcs
BETWEEN, MOST_OFF = (0.37, 0.83, 1.43, 2.57), 0.05  # shares of capacity at which a slope is held against the function
SIGNATURE = "float64(float64, float64, float64, float64, float64)"


@intrinsic
def call_at(_: Any, address: Any, v: Any, t0: Any, c: Any, b: Any, p: Any) -> Any:
    """Call the machine code at an address, which takes five floats and returns one."""
    number = ir.DoubleType()

    def generate(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        function = ir.FunctionType(number, [number] * 5)
        return builder.call(builder.inttoptr(args[0], function.as_pointer()), args[1:])

    return types.float64(types.int64, *[types.float64] * 5), generate


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def minutes_at(arc: Any, own: Any, a: int, v: float) -> float:
    """Return the minutes of arc `a` at flow `v`, its fixed part included."""
    kind = arc[a, KIND]
    if kind == FOURTH:
        square = v * v
        return arc[a, FIXED] + arc[a, SCALE] * square * square
    if kind == POWER:
        if v <= 0.0:
            return arc[a, FIXED]
        return arc[a, FIXED] + arc[a, SCALE] * v ** arc[a, EXPONENT]
    p = arc[a, EXPONENT]
    if kind == CONICAL:
        q = (2.0 * p - 1.0) / (2.0 * p - 2.0)
        left = p * (1.0 - v / arc[a, CAPACITY])
        return arc[a, FIXED] + arc[a, SCALE] * (2.0 + math.sqrt(left * left + q * q) - left - q)
    return arc[a, FIXED] + call_at(own[0], v, arc[a, SCALE], arc[a, CAPACITY], arc[a, B], p)


@njit(cache=True, nogil=True, error_model="numpy", _nrt=False, forceinline=True)
def slope_at(arc: Any, own: Any, a: int, v: float) -> float:
    """Return the derivative of the minutes of arc `a` at flow `v`."""
    kind = arc[a, KIND]
    if kind == FOURTH:
        return 4.0 * arc[a, SCALE] * v * v * v
    p = arc[a, EXPONENT]
    if kind == POWER:
        if v <= 0.0:
            if p > 1.0:
                return 0.0
            v = 1e-3  # below one the derivative at zero is infinite, which would freeze an empty arc
        return arc[a, SCALE] * p * v ** (p - 1.0)
    if kind == CONICAL:
        q = (2.0 * p - 1.0) / (2.0 * p - 2.0)
        left = p * (1.0 - v / arc[a, CAPACITY])
        return arc[a, SCALE] * p / arc[a, CAPACITY] * (1.0 - left / math.sqrt(left * left + q * q))
    return call_at(own[1], v, arc[a, SCALE], arc[a, CAPACITY], arc[a, B], p)


def conical_integral(x: Floats, p: Floats) -> Floats:
    """Return the integral of the conical function from 0 to x = v/c, per unit of free-flow time and capacity."""
    q = (2.0 * p - 1.0) / (2.0 * p - 2.0)

    def primitive(y: Floats) -> Floats:
        root = np.sqrt(y * y + q * q)
        return (y * root + q * q * np.arcsinh(y / q)) / 2.0

    bend = (primitive(p) - primitive(p * (1.0 - x))) / p
    return np.asarray(2.0 * x + bend - p * (x - x * x / 2.0) - q * x)


class OwnCost:
    """A cost function of the user's own, compiled once and called by the kernels at its address.

    Parameters
    ----------
    minutes : (v, t0, c, b, p) -> minutes at flow v (passenger-car units/h) for free-flow minutes t0, capacity c and
        the columns b and power of the link; it must be finite and must not fall with v
    slope : its derivative by v, of the same arguments

    Raises
    ------
    InputError
        Numba cannot compile the functions, one of them gives a number that is not possible, or the slope is not the
        derivative of the minutes.

    Examples
    --------
    >>> davidson = OwnCost(lambda v, t0, c, b, p: t0 * (1 + b * v / c), lambda v, t0, c, b, p: t0 * b / c)
    >>> davidson.at(50.0, 10.0, 100.0, 1.0, 0.0)
    15.0

    """

    def __init__(self, minutes: Callable[..., float], slope: Callable[..., float]) -> None:
        try:
            self._minutes, self._slope = cfunc(SIGNATURE)(minutes), cfunc(SIGNATURE)(slope)
        except NumbaError as error:
            reason = str(error).strip().splitlines()[0]
            raise InputError(say("error.own_cost", reason=reason)) from error
        self.address = np.array([self._minutes.address, self._slope.address], np.int64)

    def at(self, v: float, t0: float, c: float, b: float, p: float) -> float:
        """Return the minutes at a flow."""
        return float(self._minutes.ctypes(v, t0, c, b, p))

    def integral(self, v: float, t0: float, c: float, b: float, p: float) -> float:
        """Return the integral of the minutes from no flow to `v`."""
        from scipy.integrate import quad  # a fifth of the start of a command that needs no function of its own

        return float(quad(lambda x: self.at(x, t0, c, b, p), 0.0, v, limit=200)[0]) if v > 0.0 else 0.0

    def check(self, t0: Floats, c: Floats, b: Floats, p: Floats) -> None:
        """Refuse functions that give negative, falling or endless minutes at some flow up to three times capacity."""
        for link in range(len(t0)):
            before = 0.0
            for share in (0.0, 0.25, 0.5, 1.0, 2.0, 3.0):
                flow = share * c[link]
                now = self.at(flow, t0[link], c[link], b[link], p[link])
                slope = float(self._slope.ctypes(flow, t0[link], c[link], b[link], p[link]))
                if not (np.isfinite(now) and np.isfinite(slope) and now >= before and slope >= 0.0):
                    raise InputError(say("error.own_cost_value", flow=flow, minutes=now, slope=slope))
                before = now
            for share in BETWEEN:
                self._hold_slope_against_minutes(share * c[link], t0[link], c[link], b[link], p[link])

    def _hold_slope_against_minutes(self, flow: float, t0: float, c: float, b: float, p: float) -> None:
        step = 1e-4 * c
        low, high = self.at(flow - step, t0, c, b, p), self.at(flow + step, t0, c, b, p)
        slope, measured = float(self._slope.ctypes(flow, t0, c, b, p)), (high - low) / (2.0 * step)
        if abs(slope - measured) > MOST_OFF * abs(measured) + 1e-7 * max(abs(high), 1.0) / step:
            raise InputError(say("error.own_cost_slope", flow=flow, slope=slope, measured=measured))
