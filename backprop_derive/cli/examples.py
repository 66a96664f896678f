"""The shipped examples: where their files are, and which file the name of a spec means."""

from __future__ import annotations

import os

_PACKAGE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
_SUFFIXES = (".yaml", ".yml")


def examples_folder() -> str:
    """The folder of the examples: inside an installed package, beside it in a checkout."""
    inside = os.path.join(_PACKAGE, "specs")
    return inside if os.path.isdir(inside) else os.path.join(os.path.dirname(_PACKAGE), "specs")


def example_names() -> tuple[str, ...]:
    """The names of the examples, sorted."""
    return tuple(sorted(name.removesuffix(".yaml") for name in os.listdir(examples_folder()) if name.endswith(".yaml")))


def example_titles() -> dict[str, str]:
    """The examples by name, each with its title.

    Only the line of the title is looked at: reading two dozen specs as YAML takes longer than all else that `list` does.
    """
    return {name: _title(_file_of(name)) for name in example_names()}


def _file_of(example: str) -> str:
    return os.path.join(examples_folder(), f"{example}.yaml")


def _title(file: str) -> str:
    with open(file, encoding="utf-8") as lines:
        return next((line.partition(":")[2].strip().strip("'\"") for line in lines if line.startswith("title:")), "")


def example_path(name: str) -> str | None:
    """The file of an example, by its bare name, with or without suffix; None if there is none."""
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    return _file_of(stem) if stem in example_names() else None


def own_file(name: str) -> str | None:
    """The file that `name` means in the working folder: as it stands, or a bare name with a suffix added."""
    bare = os.path.basename(name) == name and not os.path.splitext(name)[1]
    candidates = [name, *(name + suffix for suffix in _SUFFIXES if bare)]
    return next((each for each in candidates if os.path.isfile(each)), None)
