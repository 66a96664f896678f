"""Lines made of characters: each cell knows in which directions a line leaves it, and how heavy that is."""

from __future__ import annotations

import unicodedata
from functools import cache

LIGHT, HEAVY = 1, 2
UP, RIGHT, DOWN, LEFT = range(4)
_DIRECTIONS = ("UP", "RIGHT", "DOWN", "LEFT")
_BOTH = {"HORIZONTAL": ("LEFT", "RIGHT"), "VERTICAL": ("UP", "DOWN")}

Arms = tuple[int, int, int, int]
"""How heavy the line is in each direction: up, right, down, left; 0 where there is none."""


def box_character(arms: Arms, *, unicode: bool) -> str:
    """The character that has these arms.

    >>> [box_character(arms, unicode=True) for arms in ((0, 1, 1, 0), (1, 1, 1, 0), (0, 2, 0, 2), (1, 2, 1, 1))]
    ['┌', '├', '━', '┾']
    >>> [box_character(arms, unicode=False) for arms in ((0, 1, 1, 0), (0, 2, 0, 2), (1, 0, 1, 0), (2, 0, 2, 0))]
    ['+', '=', '|', '#']
    """
    if unicode:
        return _characters()[arms]
    level, upright = arms[LEFT] or arms[RIGHT], arms[UP] or arms[DOWN]
    heavy = HEAVY in arms
    if level and upright:
        return "#" if heavy else "+"
    return ("=" if heavy else "-") if level else ("#" if heavy else "|")


@cache
def _characters() -> dict[Arms, str]:
    """All of them, by what Unicode calls them: `BOX DRAWINGS UP LIGHT AND RIGHT DOWN HEAVY`."""
    found: dict[Arms, str] = {}
    for code in range(0x2500, 0x2580):
        name = unicodedata.name(chr(code)).removeprefix("BOX DRAWINGS ")
        words = name.replace(" AND", "").split()
        if {"DASH", "DOUBLE", "ARC", "DIAGONAL", "SINGLE"} & set(words):
            continue
        arms = [0, 0, 0, 0]
        for direction, weight in _read(words).items():
            arms[_DIRECTIONS.index(direction)] = weight
        found[arms[0], arms[1], arms[2], arms[3]] = chr(code)
    return found


def _read(words: list[str]) -> dict[str, int]:
    """The directions that a name says, with their weights: the weight stands in front of all, or behind its directions."""
    found: dict[str, int] = {}
    weights = {"LIGHT": LIGHT, "HEAVY": HEAVY}
    if words[0] in weights and not set(words[1:]) & set(weights):
        return {direction: weights[words[0]] for word in words[1:] for direction in _BOTH.get(word, (word,))}
    if words[0] in weights:  # LIGHT LEFT HEAVY RIGHT
        words = [word for at in range(0, len(words), 2) for word in (words[at + 1], words[at])]
    waiting: list[str] = []
    for word in words:
        if word in weights:
            found |= dict.fromkeys(waiting, weights[word])
            waiting = []
        else:
            waiting += _BOTH.get(word, (word,))
    return found
