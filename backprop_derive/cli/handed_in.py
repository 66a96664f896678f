"""What the arguments of `verify` hand in: formulas on the command line, a file, or standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from backprop_derive.cli.opening import STANDARD_INPUT
from backprop_derive.errors import UsageError
from backprop_derive.frozen import dataclass

if TYPE_CHECKING:
    from backprop_derive.answers.documents.passages import Passage


@dataclass(frozen=True, slots=True)
class HandIn:
    """Answers by weight, or a file; `weight` is what formulas of the file are about that name nothing."""

    file: str | None = None
    pairs: tuple[tuple[str, str], ...] = ()
    weight: str | None = None

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of submissions."""
        return self.file is not None and os.path.isdir(self.file)

    def passages(self, known: Collection[str]) -> tuple[Passage, ...]:
        """The formulas in it. Raises AnswerError for what cannot be read."""
        from pathlib import Path

        from backprop_derive.answers.documents.files import MAXIMUM_BYTES, decoded, passages_of, read_document

        if self.file is None:
            return tuple(passage for weight, formula in self.pairs for passage in _of_pair(weight, formula))
        if self.file == STANDARD_INPUT:
            return passages_of(decoded(sys.stdin.buffer.read(MAXIMUM_BYTES + 1), STANDARD_INPUT), STANDARD_INPUT, known=known)
        return read_document(Path(self.file), known)


def handed_in(spec: str, file: str | None, weights: tuple[str, ...], formulas: tuple[str, ...]) -> HandIn:
    """What the arguments say, before anything is opened. Raises UsageError where they do not fit."""
    if file is None and not formulas:
        raise UsageError("there is nothing to judge: give a file with answers, or -w WEIGHT -a EXPRESSION")
    if file is not None and formulas:
        raise UsageError(f"give the file {file} or -a, not both")
    if file is None:
        if len(weights) != len(formulas) and weights:
            raise UsageError(f"-w and -a come in pairs: there are {len(weights)} -w and {len(formulas)} -a")
        return HandIn(pairs=tuple(zip(weights or ("",) * len(formulas), formulas, strict=True)))
    if len(weights) > 1:
        raise UsageError("with a file, one -w says what its formulas are about; there are several")
    if file == spec == STANDARD_INPUT:
        raise UsageError("standard input is read once: it is the spec or the answers")
    return HandIn(file, weight=weights[0] if weights else None)


def refuse_options_of_folders(given: Mapping[str, object]) -> None:
    """Raises UsageError for an option that only a folder has."""
    for name in ("report", "options"):
        if given[name] is not None:
            raise UsageError(f"--{name} is for a folder of submissions; -o FILE writes the page of one calculation")


def _of_pair(weight: str, formula: str) -> list[Passage]:
    from backprop_derive.answers.documents.passages import Passage
    from backprop_derive.answers.documents.splitting import side_by_side
    from backprop_derive.answers.statements import Place

    lines = [(number, line) for number, line in enumerate(formula.split("\n"), 1) if line.strip()] or [(1, formula)]
    several = len(lines) > 1
    whole = [Passage(line, Place(weight or "-a", number if several else None), line, certain=True, key=weight) for number, line in lines]
    return [part for passage in whole for part in (side_by_side(passage) if passage.text.strip() else [passage])]
