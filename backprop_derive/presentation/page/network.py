"""The network beside a derivation: a picture in SVG, and what lights up in it when a weight is chosen.

The picture has room for the partial derivatives of its arrows. Weights are links to the part of the page about them, so that they
can be followed without a script; the script lights up their paths.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from urllib.parse import quote

from backprop_derive.graph.expressions import Expression, Ref, walk
from backprop_derive.presentation.document import Figure, Text
from backprop_derive.presentation.geometry import along
from backprop_derive.presentation.layout import Layout, Lettering, PlacedArrow, PlacedSpot, lay_out
from backprop_derive.presentation.legend import laws_of
from backprop_derive.presentation.picture import Arrow, Derivative, Light, Spot
from backprop_derive.presentation.pictures.svg import (
    UNIT,
    arrow_paths,
    classes,
    described,
    lettering,
    path_of,
    px,
    spot_element,
    text_element,
)
from backprop_derive.presentation.selection import weight_key, weight_of

Words = Callable[[Text], str]

_LABELS, _LIT_LABELS = 16, 12  # between two columns of spots
_LINKS, _STOPS = 72, 24  # below the picture; and in the picture, for the tabulator

_FLAT, _FLAT_WIDTH = 3.2, 760.0  # width by height, and pixels
_LINE = 1.2  # from one line of a label to the next


def anchor(key: str) -> str:
    """The name of the place of the page about a weight."""
    return f"gradient-{key}"


def network(figure: Figure, words: Words, places: Mapping[str, str]) -> Iterator[str]:
    """The lines of the element. `words` writes text with formulas, `places` says where on the page each weight is."""
    yield from _Network(figure, words, places).lines()


class _Network:
    def __init__(self, figure: Figure, words: Words, places: Mapping[str, str]) -> None:
        self.figure, self.words, self.places = figure, words, places
        self.picture = figure.picture
        self.lettering: Lettering = _stacked(lettering(self.picture.graph))
        self.equations: dict[Derivative, str] = {}
        self.column = {spot.key: spot.column for spot in self.picture.spots}
        self.beside = Counter(map(self._span, self.picture.arrows))
        self.keys = {light.key for light in figure.lights}
        arrows = [self._roomy(number, arrow) for number, arrow in enumerate(self.picture.arrows)]
        self.number = {id(arrow): number for number, arrow in enumerate(arrows)}
        spots = tuple(map(self._with_partial, self.picture.spots))
        self.layout: Layout = lay_out(replace(self.picture, spots=spots, arrows=tuple(arrows)), self.lettering)

    # -- room for everything that can be lit ------------------------------------------------------------------------------

    def _roomy(self, number: int, arrow: Arrow) -> Arrow:
        """The arrow with the longest partial that it can show."""
        lit = [light.picture.arrows[number] for light in self.figure.lights if light.picture.arrows[number].lit]
        widest = max(lit, key=lambda each: max(map(len, self._partials(each)), default=0), default=None)
        return arrow if widest is None else replace(arrow, lit=True, partial=widest.partial)

    def _with_partial(self, spot: Spot) -> Spot:
        """The spot with its inner partial, if it can be lit."""
        return next((each for light in self.figure.lights for each in light.picture.spots if each.key == spot.key and each.lit), spot)

    def _partials(self, arrow: Arrow) -> list[str]:
        """The lines of the label of an arrow that is lit: the derivative along it, and the one by the weight on it."""
        return [line for each in (arrow.partial, arrow.by_weight) if each is not None for line in _sides(self._equation(each))]

    def _equation(self, derivative: Derivative) -> str:
        if derivative not in self.equations:
            self.equations[derivative] = self.lettering.write((derivative[0], " = ", derivative[1]))
        return self.equations[derivative]

    def _span(self, arrow: Arrow) -> tuple[int, int]:
        return self.column[arrow.start], self.column[arrow.end]

    # -- the element ------------------------------------------------------------------------------------------------------

    def lines(self) -> Iterator[str]:
        """The picture, the weights as links, and what is said of the one that is chosen."""
        yield f'<aside class="{classes("network", "flat" if self._is_flat() else "")}" aria-label="The network">'
        yield f'<svg viewBox="0 0 {px(self.layout.width)} {px(self.layout.height)}" width="{px(self.layout.width)}" height="{px(self.layout.height)}" role="group" aria-label="{escape(described(self.layout))}">'
        yield from map(self._edge, self.layout.arrows)
        yield from map(self._spot, self.layout.spots)
        yield from map(self._label, self.layout.arrows)
        yield "</svg>"
        if self.keys:
            yield f'<p class="said" data-idle aria-live="polite">Choose a weight: its paths to {self.words((self._loss(),))} light up, with the partial derivative on each edge.</p>'
            yield from (line for light in self.figure.lights for line in self._said(light))
            yield from self._links()
        for note in self.picture.notes:
            yield f'<p class="note">{self.words(note)}</p>'
        yield f'<script type="application/json" id="lights">{self._record()}</script>'
        yield "</aside>"

    def _is_flat(self) -> bool:
        """Whether the picture would be small beside the text."""
        return self.layout.width * UNIT > _FLAT_WIDTH and self.layout.width > _FLAT * self.layout.height

    def _loss(self) -> Expression:
        return self.picture.graph.differentiated

    def _edge(self, placed: PlacedArrow) -> str:
        """An arrow; where it carries a weight, a link."""
        number = self.number[id(placed.arrow)]
        arrow = self.picture.arrows[number]
        tip = "" if arrow.partial is None else self._equation(arrow.partial)
        paths = f'<path class="hit" d="{path_of(placed)}"/>{arrow_paths(replace(placed, tip=tip))}'
        key = self._key_on(arrow)
        inside = paths if key is None or arrow.weight is None else self._link(key, paths, f"{self.lettering.write((arrow.weight,))} on the edge to {self._name(arrow.end)}")
        return f'<g class="{classes("edge", "shared" if arrow.shared else "")}" data-edge="{number}" data-from="{escape(arrow.start)}" data-to="{escape(arrow.end)}">{inside}</g>'

    def _label(self, placed: PlacedArrow) -> str:
        """What stands on an arrow: its weight, and, while it is lit, its partial."""
        number = self.number[id(placed.arrow)]
        arrow = self.picture.arrows[number]
        x, y = (placed.box.x, placed.box.y) if placed.box is not None else along(placed.curve, 0.5)
        shown = []
        if arrow.weight is not None and self.beside[self._span(arrow)] <= _LABELS:
            text = self.lettering.write((arrow.weight, *((", ", *arrow.again) if arrow.again else ())))
            shown.append(self._plated("weight", x, y, [text]))
        if arrow.partial is not None:
            shown.append(self._plated("partial", x, y, self._partials(arrow)))
        key = self._key_on(arrow)
        inside = "".join(shown)
        return f'<g class="edge-label" data-edge="{number}">{inside if key is None else self._link(key, inside, "", hidden=True)}</g>'

    def _plated(self, name: str, x: float, y: float, lines: Sequence[str]) -> str:
        """Lines of text on a plate that hides what is below it."""
        half = max(map(self.lettering.measure, lines)) / 2 + 0.3
        height = _LINE * len(lines)
        plate = f'<rect class="plate" x="{px(x - half)}" y="{px(y - height / 2)}" width="{px(2 * half)}" height="{px(height)}" rx="4"/>'
        texts = (text_element("label", x, y + _LINE * (place + 0.5) - height / 2, line) for place, line in enumerate(lines))
        return f'<g class="{name}">{plate}{"".join(texts)}</g>'

    def _spot(self, placed: PlacedSpot) -> str:
        """A spot; the parameters that it adds are links, its inner partial shows while it is lit."""
        if placed.spot.partial is None:
            below, inner = placed.below, ""
        else:
            below = placed.below[:-1]
            y = placed.box.y + placed.box.half_height + 0.9 + _LINE * (len(below) + 0.5)
            inner = self._plated("partial", placed.box.x + placed.aside, y, _sides(placed.below[-1]))
        plain = replace(placed, below=below, above="", spot=replace(placed.spot, lit=False))
        above = f'<text class="small" x="{px(placed.box.x)}" y="{px(placed.box.y - placed.box.half_height - 0.75)}">{self._bias(placed.spot)}</text>' if placed.above else ""
        key = placed.spot.key
        circle = self._link(key, spot_element(plain), self._name(key)) if key in self.keys else spot_element(plain)
        return f'<g class="unit" data-unit="{escape(key)}">{circle}{above}{inner}</g>'

    def _bias(self, spot: Spot) -> str:
        parts = []
        for part in ("+ ", *spot.bias):
            text = escape(self.lettering.write((part,)))
            key = None if isinstance(part, str) else self._key_in(part)
            parts.append(text if key is None else self._link(key, text, f"{self.lettering.write((part,))} at {self._name(spot.key)}"))
        return "".join(parts)

    def _name(self, key: str) -> str:
        return self.lettering.write(next(spot.label for spot in self.picture.spots if spot.key == key))

    def _link(self, key: str, inside: str, label: str, *, hidden: bool = False) -> str:
        """A link of the picture; a second one to the same place is `hidden` from those who do not point at it."""
        about = ' tabindex="-1" aria-hidden="true"' if hidden else f' aria-label="{escape(label)}"' + (' tabindex="-1"' if len(self.keys) > _STOPS else "")
        return f'<a href="#{self._place(key)}" data-light="{escape(key)}"{about}>{inside}</a>'

    def _place(self, key: str) -> str:
        return quote(self.places.get(key) or self.places.get(key.partition("[")[0]) or "", safe="")

    def _key_on(self, arrow: Arrow) -> str | None:
        return None if arrow.weight is None else self._key_in(arrow.weight)

    def _key_in(self, expression: Expression) -> str | None:
        """The weight in a formula, the entry if it has a light of its own."""
        for each in walk(expression):
            if isinstance(each, Ref):
                found = next((key for key in (weight_key(*weight_of(each)), each.name) if key in self.keys), None)
                if found is not None:
                    return found
        return None

    # -- below the picture ------------------------------------------------------------------------------------------------

    def _links(self) -> Iterator[str]:
        """The weights in a line; of arrays with many entries only the whole."""
        lights = self.figure.lights if len(self.figure.lights) <= _LINKS else [light for light in self.figure.lights if "[" not in light.key]
        yield '<nav class="weights" aria-label="Weights">'
        yield " ".join(f'<a href="#{self._place(light.key)}" data-light="{escape(light.key)}">{self.words((light.weight,))}</a>' for light in lights)
        yield "</nav>"

    def _said(self, light: Light) -> Iterator[str]:
        """What is said while a weight is chosen: the partials that have no room in the picture."""
        quiet = [light.picture.arrows[number] for number in self._quiet(light)]
        missing = "".join(f"<li>{self.words(law)}</li>" for law in laws_of(light.picture, quiet))
        behind = f" Edges without a label:</p><ul>{missing}</ul>" if missing else "</p>"
        yield f'<div class="said" data-said="{escape(light.key)}" hidden><p>The paths by which {self.words((light.weight,))} reaches {self.words((self._loss(),))}: along each, the partial derivatives are multiplied.{behind}</div>'

    def _lit(self, light: Light) -> list[int]:
        return [number for number, arrow in enumerate(light.picture.arrows) if arrow.lit]

    def _quiet(self, light: Light) -> list[int]:
        """The lit arrows that have no label: there are too many between the same columns."""
        lit = self._lit(light)
        counts = Counter(self._span(light.picture.arrows[number]) for number in lit)
        return [number for number in lit if counts[self._span(light.picture.arrows[number])] > _LIT_LABELS]

    def _record(self) -> str:
        """For each weight: edges and units that are lit, edges without a label, and labels that are its own."""
        lights = {}
        for light in self.figure.lights:
            lines = {number: self._partials(light.picture.arrows[number]) for number in self._lit(light)}
            own = {number: each for number, each in lines.items() if each != self._partials(self.picture.arrows[number])}
            units = [spot.key for spot in light.picture.spots if spot.lit]
            lights[light.key] = {"edges": self._lit(light), "units": units, "quiet": self._quiet(light), "own": own}
        return json.dumps(lights, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _sides(text: str) -> list[str]:
    """The lines of a label: an equation takes two."""
    left, sign, right = text.partition(" = ")
    return [left, f"= {right}"] if sign else [text]


def _stacked(plain: Lettering) -> Lettering:
    return Lettering(plain.write, lambda text: max(map(plain.measure, _sides(text))), line=1.7)
