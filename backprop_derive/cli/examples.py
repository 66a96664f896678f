"""The shipped examples: where their files are, and which file the name of a spec means."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent
_SUFFIXES = (".yaml", ".yml")


def examples_folder() -> Path:
    """The folder of the examples: inside an installed package, beside it in a checkout."""
    inside = _PACKAGE / "specs"
    return inside if inside.is_dir() else _PACKAGE.parent / "specs"


def example_names() -> tuple[str, ...]:
    """The names of the examples, sorted."""
    return tuple(sorted(path.stem for path in examples_folder().glob("*.yaml")))


def example_titles() -> dict[str, str]:
    """The examples by name, each with its title.

    Only the line of the title is looked at: reading two dozen specs as YAML takes longer than all else that `list` does.
    """
    return {name: _title(examples_folder() / f"{name}.yaml") for name in example_names()}


def _title(path: Path) -> str:
    with path.open(encoding="utf-8") as lines:
        return next((line.partition(":")[2].strip().strip("'\"") for line in lines if line.startswith("title:")), "")


def example_path(name: str) -> Path | None:
    """The file of an example, by its bare name, with or without suffix; None if there is none."""
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    return examples_folder() / f"{stem}.yaml" if stem in example_names() else None


def own_file(name: str) -> Path | None:
    """The file that `name` means in the working folder: as it stands, or a bare name with a suffix added."""
    path = Path(name)
    bare = path.name == name and not path.suffix
    candidates = [path, *(Path(name + suffix) for suffix in _SUFFIXES if bare)]
    return next((each for each in candidates if each.is_file()), None)
