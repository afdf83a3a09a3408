"""One instruction for several origins at once: labels lie side by side, one lane an origin.

LLVM does not turn the loop over the lanes into vector instructions by itself, since rows of one array may overlap for
all it knows. So the vector is written down: the same arithmetic, lane by lane, in whatever width the processor has.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

LANES = 8
_BYTES = 8


@intrinsic
def relax(context: Any, rows: Any, to: Any, by: Any, cost: Any) -> Any:
    """Lower `rows[to : to + LANES]` to `rows[by : by + LANES] + cost` where that is less; float64, uint64 indices."""

    def generate(target: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = target.make_array(signature.args[0])(target, builder, given[0])
        vector, number = ir.VectorType(ir.DoubleType(), LANES), ir.IntType(32)

        def row(index: Any) -> Any:
            return builder.bitcast(builder.gep(array.data, [index]), vector.as_pointer())

        none = ir.Constant(vector, ir.Undefined)
        single = builder.insert_element(none, given[3], ir.Constant(number, 0))
        spread = builder.shuffle_vector(single, none, ir.Constant(ir.VectorType(number, LANES), [0] * LANES))
        here = row(given[1])
        reach = builder.fadd(builder.load(row(given[2]), align=_BYTES), spread)
        known = builder.load(here, align=_BYTES)
        less = builder.fcmp_ordered("<", reach, known)
        builder.store(builder.select(less, reach, known), here, align=_BYTES)
        return target.get_dummy_value()

    return types.void(rows, types.uint64, types.uint64, types.float64), generate
