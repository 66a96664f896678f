"""Plans put together: several operations as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from backprop_derive.numerics.backends import Array
from backprop_derive.numerics.scopes import START, Fixed, Frame, Operation


def combined(combine: Callable[[Any, Any], Any], first: Operation, second: Operation) -> Operation:
    """The values of two operations in one."""
    return lambda frame: combine(first(frame), second(frame))


def reduced(combine: Callable[[Any, Any], Any], operations: Sequence[Operation]) -> Operation:
    """The values of all operations in one, from the left."""
    if len(operations) == 1:
        return operations[0]
    if len(operations) == 2:
        return combined(combine, *operations)
    return lambda frame: reduce(combine, [operation(frame) for operation in operations])


def all_hold(tests: Sequence[Operation]) -> Operation | None:
    """Where all tests hold, each looked at where those before it do; None without tests."""
    if len(tests) < 2:
        return tests[0] if tests else None
    if all(isinstance(test, Fixed) for test in tests):
        return Fixed(reduce(np.logical_and, [test(START) for test in tests]))

    def run(frame: Frame) -> Array:
        mask = tests[0](frame)
        for test in tests[1:]:
            mask = mask & test(frame.only_where(mask))
        return mask

    return run
