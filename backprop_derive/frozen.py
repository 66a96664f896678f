"""`dataclass` for values that never change: the standard library's, but without a text that is written and compiled for each class.

The standard library compiles six functions for a frozen class, in 0.4 ms; of the classes that read a spec and build its network, that was a
third of the time in which a wrong spec is refused. Here all classes share their functions. Fields, defaults, inheritance, slots and
`replace` are the standard library's. What inherits from a class that is made here is made here too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields, replace
from operator import attrgetter
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass", "field", "replace"]


def light_dataclass(plain: type | None = None, /, *, frozen: bool = False, **options: bool) -> Any:
    """The decorator, with the options of the standard library's; a class whose values change is left to that."""
    if frozen:
        return lambda cls: _frozen(cls, **options)
    return dataclasses.dataclass(**options) if plain is None else dataclasses.dataclass(plain)


if TYPE_CHECKING:  # type checkers know the standard library's, and this one behaves like it
    from dataclasses import dataclass
else:
    dataclass = light_dataclass


def _frozen(plain: type, *, slots: bool = False, eq: bool = True, kw_only: bool = False) -> type:
    if hasattr(plain, "__post_init__"):
        raise TypeError(f"{plain.__name__} has a __post_init__, which is not called here")
    cls: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(plain)
    for function in _functions(cls, fields(cls), slots=slots, eq=eq):
        if vars(plain).get(function.__name__) is None:  # what a class says itself stands
            setattr(cls, function.__name__, function)
    return cls


def _functions(cls: type, own: tuple[Field[Any], ...], *, slots: bool, eq: bool) -> Iterator[Callable[..., Any]]:
    yield _initializer(cls, own, slots=slots)
    yield from (__repr__, __setattr__, __delattr__)
    if slots:
        yield from (__getstate__, __setstate__)
    if eq:
        yield from _comparison(tuple(each.name for each in own if each.compare))


def _initializer(cls: type, own: tuple[Field[Any], ...], *, slots: bool) -> Callable[..., None]:
    """What fills an instance: values in order, with the defaults of the last ones, or in whatever way they are given."""
    put = {each.name: getattr(cls, each.name).__set__ if slots else _putter(each.name) for each in own}
    in_order = [each for each in own if not each.kw_only]
    puts = [put[each.name] for each in in_order]
    made = any(each.default_factory is not MISSING for each in own)
    standing = () if made else tuple(each.default for each in in_order if each.default is not MISSING)
    fewest = len(puts) - len(standing) if len(puts) == len(put) else len(puts) + 1

    def __init__(self: Any, *given: Any, **named: Any) -> None:
        if not named and fewest <= len(given) <= len(puts):
            for each, value in zip(puts, given if len(given) == len(puts) else given + standing[len(given) - fewest :]):  # noqa: B905
                each(self, value)
        else:
            for name, value in (_all_values(cls, own, given, named) if given or named.keys() != put.keys() else named).items():
                put[name](self, value)

    return __init__


def _all_values(cls: type, own: tuple[Field[Any], ...], given: tuple[Any, ...], named: dict[str, Any]) -> dict[str, Any]:
    """The value of each field, by name."""
    in_order = [each.name for each in own if not each.kw_only]
    if len(given) > len(in_order):
        raise TypeError(f"{cls.__name__} takes {len(in_order)} values in order, and {len(given)} are given")
    found = dict(zip(in_order, given, strict=False))
    for name in named:
        if name in found or not any(each.name == name for each in own):
            raise TypeError(f"{cls.__name__} {'is given twice' if name in found else 'has no'} {name}")
    found |= named
    for each in own:
        if each.name not in found:
            found[each.name] = _default(cls, each)
    return found


def _putter(name: str) -> Callable[[Any, Any], None]:
    return lambda self, value: object.__setattr__(self, name, value)


def _default(cls: type, parameter: Field[Any]) -> Any:
    if parameter.default is not MISSING:
        return parameter.default
    if parameter.default_factory is MISSING:
        raise TypeError(f"{cls.__name__} is given no {parameter.name}")
    return parameter.default_factory()


def _comparison(names: tuple[str, ...]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Equality of instances of one class by these fields, and the hash that fits it."""
    if len(names) == 1:
        return _comparison_of_one(names[0])
    values: Callable[[Any], tuple[Any, ...]] = attrgetter(*names) if names else lambda _: ()

    def __eq__(self: Any, other: object) -> Any:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash(values(self))

    return __eq__, __hash__


def _comparison_of_one(name: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
    value = attrgetter(name)

    def __eq__(self: Any, other: object) -> Any:
        return (value(self),) == (value(other),) if other.__class__ is self.__class__ else NotImplemented

    def __hash__(self: Any) -> int:
        return hash((value(self),))

    return __eq__, __hash__


def __repr__(self: Any) -> str:
    return f"{self.__class__.__qualname__}({', '.join(f'{each.name}={getattr(self, each.name)!r}' for each in fields(self) if each.repr)})"


def __setattr__(self: Any, name: str, value: object) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def __delattr__(self: Any, name: str) -> None:  # noqa: ARG001
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def __getstate__(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def __setstate__(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
