"""The paths by which a chosen weight reaches the loss in a picture, each with the partial derivatives along it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backprop_derive.presentation.picture import Arrow, Derivative, Picture, Spot


@dataclass(frozen=True, slots=True)
class Path:
    """The spots from the first that the weight acts on to the loss, and the derivatives on the way, that of the loss first."""

    spots: tuple[Spot, ...]
    derivatives: tuple[Derivative, ...]


class Paths:
    """All paths of a picture; how many there are is known without listing them. Arrows back in time are left out."""

    def __init__(self, picture: Picture) -> None:
        self.spots = {spot.key: spot for spot in picture.spots}
        column = {spot.key: spot.column for spot in picture.spots}
        self.lit = [arrow for arrow in picture.arrows if arrow.lit]
        self.leads_back = any(column[arrow.start] >= column[arrow.end] for arrow in self.lit)
        self.after: dict[str, list[Arrow]] = {}
        for arrow in self.lit:
            if column[arrow.start] < column[arrow.end]:
                self.after.setdefault(arrow.start, []).append(arrow)
        self.order = sorted(self.spots, key=lambda key: -column[key])
        self.starts = dict(self._starts())

    def _starts(self) -> Iterator[tuple[tuple[str, Derivative | None], None]]:
        """The spots that the weight acts on, with the derivative by it; each once, however many arrows carry the weight there."""
        for arrow in self.lit:
            derivative = arrow.by_weight if self.spots[arrow.start].lit else arrow.partial
            if derivative is not None:
                yield (arrow.end, derivative), None
        for spot in self.spots.values():
            if spot.by_weight is not None:
                yield (spot.key, spot.by_weight), None
            elif spot.lit and spot.kind == "parameter":
                yield (spot.key, None), None

    @property
    def count(self) -> int:
        """How many paths there are."""
        counts = {key: int(self.spots[key].kind == "loss") for key in self.spots}
        for key in self.order:
            counts[key] += sum(counts[arrow.end] for arrow in self.after.get(key, ()))
        return sum(counts[key] for key, _ in self.starts)

    def __iter__(self) -> Iterator[Path]:
        for key, derivative in self.starts:
            yield from self._from(key, (), () if derivative is None else (derivative,))

    def _from(self, key: str, spots: tuple[Spot, ...], derivatives: tuple[Derivative, ...]) -> Iterator[Path]:
        spot = self.spots[key]
        spots = (*spots, spot)
        derivatives = derivatives if spot.partial is None else (spot.partial, *derivatives)
        if spot.kind == "loss":
            yield Path(spots, derivatives)
        for arrow in self.after.get(key, ()):
            yield from self._from(arrow.end, spots, derivatives if arrow.partial is None else (arrow.partial, *derivatives))
