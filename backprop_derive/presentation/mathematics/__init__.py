"""LaTeX formulas as boxes: what one looks like, how wide it is, where it may be broken, and the same in other notations."""
