"""The light dataclass does what the standard library's does: each test runs with both."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, field, fields, replace
from typing import Any

import pytest

from backprop_derive import frozen


def declared(dataclass: Any, **options: bool) -> dict[str, Any]:
    """Classes of all kinds that the package has."""

    @dataclass(frozen=True, **options)
    class Root:
        """No fields."""

    @dataclass(frozen=True, **options)
    class One(Root):
        """One field."""

        value: Any

    @dataclass(frozen=True, **options)
    class Two(Root):
        """The last with a default."""

        name: str
        indices: tuple[int, ...] = ()

    @dataclass(frozen=True, **options)
    class Own:
        """One that is made anew, one that does not count, one that is not shown."""

        values: dict[str, int] = field(default_factory=dict)
        mark: int = field(default=0, compare=False)
        hidden: int = field(default=1, repr=False)

    @dataclass(frozen=True, kw_only=True, **options)
    class Place:
        """Given by name only."""

        start: int = field(default=0, compare=False)

    @dataclass(frozen=True, **options)
    class Word(Place):
        """What inherits a field that is given by name."""

        text: str

    @dataclass(frozen=True, eq=False, **options)
    class Itself:
        """Equal to itself only."""

        value: int

    @dataclass(frozen=True, **options)
    class Told:
        """What a class says itself stands."""

        values: dict[str, int]

        def __hash__(self) -> int:
            return 5

        def __repr__(self) -> str:
            return "told"

    return {each.__name__: each for each in (Root, One, Two, Own, Place, Word, Itself, Told)}


KINDS = {f"{module.__name__}{'-slots' if slots else ''}": declared(module.dataclass, slots=slots) for module in (dataclasses, frozen) for slots in (False, True)}


@pytest.fixture(params=KINDS)
def kinds(request: pytest.FixtureRequest) -> dict[str, Any]:
    return KINDS[request.param]


def test_values_are_given_in_order_by_name_or_by_default(kinds: dict[str, Any]) -> None:
    two, own, word = kinds["Two"], kinds["Own"], kinds["Word"]
    assert two("x") == two("x", ()) == two(name="x") == two("x", indices=()) == two(indices=(), name="x")
    assert (two("x", (1,)).name, two("x", (1,)).indices) == ("x", (1,))
    assert own().values == {}
    assert own().values is not own().values
    assert (own({"a": 1}, 2).values, own(mark=3).mark, own({}, 2, 5).hidden) == ({"a": 1}, 3, 5)
    assert (word("x", start=4).start, word("x").start, word("x").text) == (4, 0, "x")


@pytest.mark.parametrize(
    ("name", "given", "named"),
    [
        ("Root", (1,), {}),
        ("One", (), {}),
        ("One", (1, 2), {}),
        ("One", (1,), {"value": 1}),
        ("One", (1,), {"values": 1}),
        ("Two", (), {"indices": ()}),
        ("Two", (1, 2, 3), {}),
        ("Own", (1, 2, 3, 4), {}),
        ("Place", (1,), {}),
        ("Word", ("x", 1), {}),
        ("Word", (), {"start": 1}),
    ],
)
def test_a_wrong_call_is_refused(kinds: dict[str, Any], name: str, given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError):
        kinds[name](*given, **named)


def test_values_are_equal_by_class_and_fields(kinds: dict[str, Any]) -> None:
    one, two, own, word, itself, root = (kinds[name] for name in ("One", "Two", "Own", "Word", "Itself", "Root"))
    assert root() == root()
    assert hash(root()) == hash(root())
    assert one(2) == one(2)
    assert one(2) != one(3)
    assert hash(one(2)) == hash(one(2))
    assert two("x", (1,)) != two("x", (2,))
    assert hash(two("x", (1,))) == hash(two("x", (1,)))
    assert one("x") != two("x")
    assert one(2) != 2
    assert one((1, 2)) != (1, 2)
    assert root() != one(1)
    assert own(mark=1) == own(mark=2)
    assert own(hidden=1) != own(hidden=2)
    assert hash(word("x", start=1)) == hash(word("x", start=2))
    same = itself(1)
    assert same == same
    assert itself(1) != itself(1)
    assert len({same, itself(1)}) == 2
    nan = float("nan")
    assert one(nan) == one(nan)
    with pytest.raises(TypeError, match="unhashable"):
        hash(own())


def test_what_a_class_says_itself_stands(kinds: dict[str, Any]) -> None:
    told = kinds["Told"]({"a": 1})
    assert (hash(told), repr(told)) == (5, "told")
    assert told == kinds["Told"]({"a": 1})


def test_values_do_not_change(kinds: dict[str, Any]) -> None:
    value = kinds["Two"]("x")
    for name in ("name", "indices"):
        with pytest.raises(FrozenInstanceError):
            setattr(value, name, "y")
        with pytest.raises(FrozenInstanceError):
            delattr(value, name)
    assert value == kinds["Two"]("x")


def test_a_value_is_shown_as_it_is_made(kinds: dict[str, Any]) -> None:
    shown = {"Root": "Root()", "One": "One(value='x')", "Two": "Two(name='x', indices=())", "Own": "Own(values={}, mark=0)", "Word": "Word(start=0, text='x')"}
    made = {"Root": (), "Own": (), "One": ("x",), "Two": ("x",), "Word": ("x",)}
    assert {name: repr(kinds[name](*given)).replace("declared.<locals>.", "") for name, given in made.items()} == shown


def test_fields_and_replace_are_those_of_the_standard_library(kinds: dict[str, Any]) -> None:
    two, word = kinds["Two"]("x", (1,)), kinds["Word"]("x", start=3)
    assert [each.name for each in fields(two)] == ["name", "indices"]
    assert replace(two, name="y") == kinds["Two"]("y", (1,))
    assert (replace(word, text="y").start, replace(word, start=1).text) == (3, "x")
    with pytest.raises(TypeError):
        replace(two, other=1)
    match two:
        case kinds_two if isinstance(kinds_two, kinds["Two"]):
            assert type(two).__match_args__ == ("name", "indices")


def test_a_value_is_copied(kinds: dict[str, Any]) -> None:
    for name, given in {"Root": (), "One": ([1],), "Two": ("x",), "Own": ({"a": 1},), "Word": ("x",)}.items():
        value = kinds[name](*given)
        assert copy.copy(value) == value
        assert copy.deepcopy(value) == value
    assert copy.copy(kinds["Word"]("x", start=7)).start == 7


@frozen.dataclass(frozen=True, slots=True)
class Packed:
    """At the top of a module, where pickle finds it."""

    name: str
    mark: int = field(default=0, compare=False)


def test_a_value_is_pickled() -> None:
    back = pickle.loads(pickle.dumps(Packed("x", 3)))
    assert (back, back.mark) == (Packed("x"), 3)


def test_slots_leave_no_room_for_more() -> None:
    assert not hasattr(KINDS["backprop_derive.frozen-slots"]["Two"]("x"), "__dict__")
    assert hasattr(KINDS["backprop_derive.frozen"]["Two"]("x"), "__dict__")


def test_a_class_whose_values_change_is_the_standard_librarys() -> None:
    @frozen.dataclass
    class Draft:
        names: list[str] = field(default_factory=list)

    draft = Draft()
    draft.names = ["x"]
    assert draft == Draft(["x"])


def test_a_post_init_is_not_passed_over_in_silence() -> None:
    with pytest.raises(TypeError, match="__post_init__"):

        @frozen.dataclass(frozen=True)
        class _Late:
            def __post_init__(self) -> None:
                """Not called."""
