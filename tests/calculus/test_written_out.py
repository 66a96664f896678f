"""One entry of an array: its sums are written out, unless their terms would be too many to read."""

from __future__ import annotations

import pytest
from proving import derivation_of, writer_of

SPEC = "inputs: {{x: [{n}, {n}]}}\nlayers:\n  - conv2d: 2\n  - flatten\n  - dense: 1\nloss: half_squared_error\ncost: single\n"


@pytest.mark.parametrize("size", [4, 28])
def test_sums_of_one_entry(size: int) -> None:
    derivation = derivation_of(SPEC.format(n=size))
    found = writer_of(derivation).write(derivation.element("W1", (1, 1, 1)).gradient)
    assert len(found) < 400
    assert ("sum" in found) == (size == 28)
