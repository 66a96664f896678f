"""How formulas are spelled: ASCII (which the reader of formulas reads back), Unicode and LaTeX."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from backprop_derive.graph.expressions import Expression, Fold
from backprop_derive.graph.indices import Affine, Atom, Pick, Quotient, Size
from backprop_derive.graph.naming import form_text
from backprop_derive.graph.nodes import Spelling
from backprop_derive.notation import GREEK, latex_name, unicode_name
from backprop_derive.operations.functions import find_function
from backprop_derive.presentation.conditions import rounded
from backprop_derive.presentation.figures import decimal_text
from backprop_derive.presentation.style import ATOM, CHAIN, POWER, PRODUCT, SUM, Written
from backprop_derive.presentation.writing import Writer

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_RAISED = str.maketrans("0123456789()", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾")
_LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RAISED_ENDS = tuple("⁰¹²³⁴⁵⁶⁷⁸⁹⁾")
_RELATIONS = {"<=": "≤", ">=": "≥", "!=": "≠"}
_LATEX_RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}
_VULGAR = {Fraction(1, 2): "½", Fraction(1, 4): "¼", Fraction(3, 4): "¾", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔"}


class AsciiWriter(Writer):
    """The language of specs."""

    def words(self, text: str) -> str:
        """Words with names in them, as formulas spell these."""
        return text

    def name(self, name: str, indices: Sequence[str]) -> str:
        return f"{name}[{','.join(indices)}]" if indices else name

    def number(self, value: Fraction) -> Written:
        decimal = decimal_text(value)
        return Written(decimal or str(value), ATOM if decimal or value.denominator == 1 else PRODUCT)

    def figure(self, mantissa: str, exponent: str) -> Written:
        return Written(f"{mantissa}e{exponent}" if exponent else mantissa)

    def integer(self, form: Affine, names: Mapping[str, str]) -> str:
        return form_text(form, names, spelled=self._picked)

    def product(self, parts: Sequence[str]) -> str:
        return "*".join(parts)

    def entrywise(self, parts: Sequence[Written]) -> Written:
        """A product of matrices in front needs no brackets: `W2^T@delta2 * (1 - a1^2)`."""
        texts = [self._bracketed(part, POWER if place else PRODUCT, last=part is parts[-1]) for place, part in enumerate(parts)]
        return Written(("*" if "@" not in texts[0] else " * ").join(texts), PRODUCT)

    def matrix_product(self, parts: Sequence[str]) -> Written:
        return Written("@".join(parts), CHAIN)

    def transposed(self, operand: Written) -> Written:
        """Where T is a quantity, ^T would be a power."""
        return Written(f"{self._bracketed(operand, ATOM)}{'.T' if 'T' in self.graph.by_name else '^T'}", POWER)

    def ones(self, length: str) -> Written:
        return Written(f"ones({length})")

    def total(self, operand: Written, rank: int, *, squared: bool) -> Written:  # noqa: ARG002
        return Written(f"sum({self._bracketed(operand, ATOM)}^2)" if squared else f"sum({operand.text})")

    def fraction(self, numerator: Written, denominator: Written) -> Written:
        below = denominator.text if denominator.level >= POWER else self.brackets(denominator.text)
        above = self.brackets(numerator.text) if numerator.level == CHAIN else self._bracketed(numerator, PRODUCT, last=False)
        return Written(f"{above}/{below}", PRODUCT)

    def raised(self, base: Written, exponent: Written) -> Written:
        below = base.text if base.level == ATOM else self.brackets(base.text)
        above = exponent.text if exponent.level == ATOM else self.brackets(exponent.text)
        return Written(f"{below}^{above}", POWER)

    def brackets(self, text: str) -> str:
        return f"({text})"

    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        inside = ", ".join(argument.text for argument in arguments)
        return Written(f"{function}{chr(39) * order}({inside})")

    def fold(self, fold: Fold, letter: str, body: Written, axis: tuple[str, str] | None, at: str | None) -> Written:
        inside = [body.text, letter, *(axis or ())]
        if at is not None:
            inside.append(at)
        return Written(f"{fold.kind}({', '.join(inside)})")

    def condition(self, relation: str, left: str, right: str) -> str:
        return f"{left} {relation} {right}"

    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        return Written(f"where({test}, {then.text}, {otherwise.text if otherwise else '0'})")

    def partial(self, top: str, bottom: str, direct: bool) -> Written:
        return Written(f"{'d+' if direct else 'd'}{top}/d{bottom}", PRODUCT)

    def constant(self, name: str) -> str:
        return name


class UnicodeWriter(AsciiWriter):
    """What a terminal shows: `(y' − y)·f_B'(z_B)·o1`, `½`, `Σ_k`, `∂L/∂w`."""

    chained = True

    minus = "−"

    def write(self, expression: Expression, labels: Sequence[tuple[Sequence[Expression], Expression]] = ()) -> str:
        return super().write(expression, labels).replace("-", self.minus)

    def form(self, form: Affine) -> str:
        return super().form(form).replace("-", self.minus)

    def name(self, name: str, indices: Sequence[str]) -> str:
        spelling = self.spellings.get(name)
        if spelling is None:
            shown = unicode_name(name)
        else:
            label = f"^{spelling.label}" if "[" in spelling.label else spelling.label.translate(_RAISED)
            shown = unicode_name(f"{spelling.base}_{spelling.subscript}" if spelling.subscript else spelling.base)
            shown += label if indices else spelling.closing.translate(_LOWERED) + label
            indices = (*indices, spelling.closing) if spelling.closing and indices else indices
        return f"{shown}[{','.join(indices)}]" if indices else shown

    def words(self, text: str) -> str:
        """Words, with the names of a notation in them spelled as in formulas."""
        return _LABELLED.sub(lambda found: self.name(found[0], ()) if found[0] in self.spellings else found[0], text) if self.spellings else text

    def number(self, value: Fraction) -> Written:
        return Written(_VULGAR[value]) if value in _VULGAR else super().number(value)

    def figure(self, mantissa: str, exponent: str) -> Written:
        if not exponent:
            return Written(mantissa)
        tens = f"10{exponent.translate(_SUPERSCRIPT)}"
        return Written(tens, POWER) if mantissa == "1" else Written(f"{mantissa}·{tens}", PRODUCT)

    def integer(self, form: Affine, names: Mapping[str, str]) -> str:
        return form_text(form, names, "·", self._integer_atom).replace(" ", "")

    def _integer_atom(self, atom: Atom, names: Mapping[str, str]) -> str | None:
        """What stands in whole forms in its own way: `⌊(p+1)/2⌋`, `⌈p/2⌉`, and picked places."""
        if not isinstance(atom, Quotient):
            return self._picked(atom, names)
        form, (left, right) = rounded(atom)
        above = self.integer(form, names)
        return f"{left}{above if len(form.terms) + bool(form.constant) == 1 else f'({above})'}/{atom.divisor}{right}"

    def product(self, parts: Sequence[str]) -> str:
        text = parts[0]
        for before, part in pairwise(parts):
            text += ("" if before in _VULGAR.values() and not part[0].isnumeric() else " " if part.startswith("Σ") else "·") + part
        return text

    def entrywise(self, parts: Sequence[Written]) -> Written:
        return Written(" ⊙ ".join(self._bracketed(part, PRODUCT, last=part is parts[-1]) for part in parts), PRODUCT)

    def matrix_product(self, parts: Sequence[str]) -> Written:
        return Written(" ".join(parts), CHAIN)

    def transposed(self, operand: Written) -> Written:
        plain = operand.level == ATOM and not operand.text.endswith(_RAISED_ENDS)
        return Written(f"{operand.text if plain else self.brackets(operand.text)}ᵀ", POWER)

    def ones(self, length: str) -> Written:  # noqa: ARG002
        return Written("𝟏")

    def total(self, operand: Written, rank: int, *, squared: bool) -> Written:
        if squared:
            return Written(f"‖{operand.text}‖{'_F' if rank > 1 else ''}²", POWER)
        return Written(f"𝟏ᵀ {self._bracketed(operand, CHAIN)}{' 𝟏' if rank > 1 else ''}", CHAIN)

    def fraction(self, numerator: Written, denominator: Written) -> Written:
        if numerator.text.isdecimal() and denominator.text.isdecimal():
            value = Fraction(int(numerator.text), int(denominator.text))
            if value in _VULGAR and value.denominator == int(denominator.text):
                return Written(_VULGAR[value])
        return super().fraction(numerator, denominator)

    def raised(self, base: Written, exponent: Written) -> Written:
        below = base.text if base.level == ATOM and not base.text.endswith(_RAISED_ENDS) else self.brackets(base.text)
        if exponent.text.lstrip("-").isdecimal():
            return Written(below + exponent.text.translate(_SUPERSCRIPT), POWER)
        return Written(f"{below}^{exponent.text if exponent.level == ATOM else self.brackets(exponent.text)}", POWER)

    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        inside = ", ".join(argument.text for argument in arguments)
        row = find_function(function) if function not in self.graph.functions else None
        if row is not None and row.name == "step":
            return Written(f"[{inside} > 0]")
        if row is not None and row.name == "abs":
            return Written(f"|{inside}|")
        if row is not None and row.name == "sqrt":
            return Written("√" + (inside if arguments[0].level == ATOM else self.brackets(inside)), POWER)
        shown = row.unicode or row.name if row is not None else unicode_name(function)
        return Written(f"{shown}{chr(39) * order}({inside})")

    def fold(self, fold: Fold, letter: str, body: Written, axis: tuple[str, str] | None, at: str | None) -> Written:
        signs = {"sum": "Σ", "prod": "Π", "max": "max", "argmax": "argmax"}
        under = f"_{letter}" if axis is None else f"_{{{letter}={axis[0]}..{axis[1]}}}"
        if fold.kind not in signs:
            component = f"[{at}]" if at is not None else ""
            return Written(f"{fold.kind}{under}({body.text}){component}")
        inner = body.text if body.level >= PRODUCT else self.brackets(body.text)
        return Written(f"{signs[fold.kind]}{under} {inner}", PRODUCT, open=True)

    def condition(self, relation: str, left: str, right: str) -> str:
        return f"{left} {_RELATIONS.get(relation, relation)} {right}"

    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        if otherwise is not None:
            return Written(f"{then.text} if {test} else {otherwise.text}", SUM)
        if then.text == "1":
            return Written(f"[{test}]")
        return Written(f"[{test}]·{self._bracketed(then, PRODUCT)}", PRODUCT, then.open)

    def partial(self, top: str, bottom: str, direct: bool) -> Written:
        return Written(f"∂{'⁺' if direct else ''}{top}/∂{bottom}", PRODUCT)

    def constant(self, name: str) -> str:
        return GREEK.get(name, name)


class LatexWriter(Writer):
    r"""amsmath: `\frac{1}{m}\sum_{i=1}^{m}(y' - y)\,f_B'(z_B)\,o_{1}`."""

    chained = True

    bar_on_words = r"\bar"

    def name(self, name: str, indices: Sequence[str]) -> str:
        joined = ("" if all(len(index) == 1 for index in indices) else ",").join(indices)
        own = self.graph.latex.get(name)
        if own is None and name in self.extra and name.startswith(_BAR):
            inner = self.name(name.removeprefix(_BAR), ())
            own = rf"{self.bar_on_words if inner.startswith(_UPRIGHT) else _BAR_SIGN}{{{inner}}}"
        if own is None and (spelling := self.spellings.get(name)) is not None:
            return _spelled(spelling, indices)
        if own is None:
            return latex_name(name, joined, array=self._is_array(name))
        return f"{{{own}}}_{{{joined}}}" if joined else own

    def _is_array(self, name: str) -> bool:
        node = self.graph.by_name.get(name)
        axes = self.extra.get(name, ()) if node is None else node.axes
        return len(axes) > (name in self.sampled)

    def number(self, value: Fraction) -> Written:
        if value.denominator == 1:
            return Written(str(value))
        return Written(decimal_text(value) or rf"\frac{{{value.numerator}}}{{{value.denominator}}}")

    def figure(self, mantissa: str, exponent: str) -> Written:
        if not exponent:
            return Written(mantissa)
        tens = f"10^{{{exponent}}}"
        return Written(tens, POWER) if mantissa == "1" else Written(rf"{mantissa} \cdot {tens}", PRODUCT)

    def integer(self, form: Affine, names: Mapping[str, str]) -> str:
        letters = {variable: latex_name(names.get(variable, variable)) for variable in form.variables()}
        return form_text(form, letters, "", self._integer_atom).replace(" ", "")

    def _integer_atom(self, atom: Atom, names: Mapping[str, str]) -> str | None:
        """What LaTeX spells in its own way: names of sizes, whole quotients, picked places."""
        match atom:
            case Size(name):
                return latex_name(name)
            case Quotient(divisor=divisor):
                form, (left, right) = rounded(atom)
                left, right = {"⌊": (r"\lfloor", r"\rfloor"), "⌈": (r"\lceil", r"\rceil")}[left]
                return rf"{left}\frac{{{form_text(form, names, '', self._integer_atom).replace(' ', '')}}}{{{divisor}}}{right}"
            case Pick(ref):
                return self.name(ref.name, [form_text(index, names, "", self._integer_atom).replace(" ", "") for index in self.indices(ref)])
        return None

    def product(self, parts: Sequence[str]) -> str:
        return parts[0] + "".join((r" \cdot " if part[0].isdecimal() else r"\,") + part for part in parts[1:])

    def entrywise(self, parts: Sequence[Written]) -> Written:
        return Written(r" \odot ".join(self._bracketed(part, PRODUCT, last=part is parts[-1]) for part in parts), PRODUCT)

    def matrix_product(self, parts: Sequence[str]) -> Written:
        return Written(r"\,".join(parts), CHAIN)

    def transposed(self, operand: Written) -> Written:
        return self.raised(operand, Written(r"\top"))

    def ones(self, length: str) -> Written:
        return Written(rf"\mathbf{{1}}_{{{length}}}")

    def total(self, operand: Written, rank: int, *, squared: bool) -> Written:
        if squared:
            return Written(rf"\lVert {operand.text}\rVert{'_{F}' if rank > 1 else ''}^{{2}}", POWER)
        behind = r"\,\mathbf{1}" if rank > 1 else ""
        return Written(rf"\mathbf{{1}}^{{\top}}\,{self._bracketed(operand, CHAIN)}{behind}", CHAIN)

    def fraction(self, numerator: Written, denominator: Written) -> Written:
        if numerator.open or (numerator.level == SUM and len(numerator.text) > 60):
            return Written(rf"\frac{{1}}{{{denominator.text}}}\,{self._bracketed(numerator, PRODUCT)}", PRODUCT, numerator.open)
        return Written(rf"\frac{{{numerator.text}}}{{{denominator.text}}}")

    def raised(self, base: Written, exponent: Written) -> Written:
        simple = base.level == ATOM and not any(mark in base.text for mark in ("^", "'", r"\frac"))
        return Written(f"{base.text if simple else self.brackets(base.text)}^{{{exponent.text}}}", POWER)

    def brackets(self, text: str) -> str:
        return rf"\left({text}\right)" if any(tall in text for tall in (r"\frac", r"\sum", r"\prod")) else f"({text})"

    def call(self, function: str, order: int, arguments: Sequence[Written]) -> Written:
        inside = ", ".join(argument.text for argument in arguments)
        row = find_function(function) if function not in self.graph.functions else None
        if row is not None and row.name in _LATEX_CALLS:
            return Written(_LATEX_CALLS[row.name].replace("@", inside))
        shown = row.latex if row is not None and row.latex else latex_name(function)
        primes = "'" * order
        if primes and "_" in shown:
            base, _, subscript = shown.partition("_")
            shown, primes = f"{base}{primes}_{subscript}", ""
        return Written(shown + primes + self.brackets(inside))

    def fold(self, fold: Fold, letter: str, body: Written, axis: tuple[str, str] | None, at: str | None) -> Written:
        signs = {"sum": r"\sum", "prod": r"\prod", "max": r"\max", "argmax": r"\operatorname{arg\,max}"}
        shown = latex_name(letter)
        low, high = axis or (self.integer(fold.bound.axis.low, {}), self.integer(fold.bound.axis.high, {}))
        runs = shown if axis is None else rf"{low} \le {shown} \le {high}"
        if fold.kind not in signs:
            row = find_function(fold.kind)
            operator = row.latex if row is not None and row.latex else rf"\operatorname{{{fold.kind}}}"
            component = f"_{{{at}}}" if at is not None else ""
            return Written(f"{operator}_{{{runs}}}{self.brackets(body.text)}{component}")
        limits = f"_{{{shown}={low}}}^{{{high}}}" if fold.kind in ("sum", "prod") else f"_{{{runs}}}"
        inner = body.text if body.level >= PRODUCT else self.brackets(body.text)
        return Written(f"{signs[fold.kind]}{limits} {inner}", PRODUCT, open=True)

    def condition(self, relation: str, left: str, right: str) -> str:
        return f"{left} {_LATEX_RELATIONS.get(relation, relation)} {right}"

    def choice(self, test: str, then: Written, otherwise: Written | None) -> Written:
        if otherwise is not None:
            rows = rf"{then.text} & {test} \\ {otherwise.text} & \text{{otherwise}}"
            return Written(rf"\begin{{cases}}{rows}\end{{cases}}")
        if then.text == "1":
            return Written(f"[{test}]")
        return Written(rf"[{test}]\,{self._bracketed(then, PRODUCT)}", PRODUCT, then.open)

    def partial(self, top: str, bottom: str, direct: bool) -> Written:
        return Written(rf"\frac{{\partial{'^{+}' if direct else ''} {top}}}{{\partial {bottom}}}")

    def constant(self, name: str) -> str:
        return "\\" + name if name in GREEK else name

    def labelled(self, body: Written, label: str) -> Written:
        return Written(rf"\underbrace{{{self._bracketed(body, PRODUCT)}}}_{{{label}}}")


def _spelled(spelling: Spelling, indices: Sequence[str]) -> str:
    """`w_{jk}^{2}`, `w_{j0}^{(1)}`."""
    behind = [*indices, spelling.closing] if spelling.closing else indices
    below = ("" if all(len(index) == 1 for index in behind) else ",").join(behind)
    subscript = ",".join(part for part in (spelling.subscript, below) if part)
    name = latex_name(f"{spelling.base}_{spelling.subscript}" if spelling.subscript else spelling.base, below) if not spelling.label else ""
    return name or latex_name(spelling.base) + (f"_{{{subscript}}}" if subscript else "") + f"^{{{spelling.label}}}"


_LABELLED = re.compile(r"(?<![\w\\'])[A-Za-z][A-Za-z0-9_]*\^\([A-Za-z0-9]+\)")
_UPRIGHT, _BAR_SIGN = r"\mathrm", r"\bar"
_BAR = "bar_"  # in front of the name of a node: the name of its adjoint
_LATEX_CALLS = {"sqrt": r"\sqrt{@}", "abs": r"\left|@\right|", "exp": r"e^{@}", "step": "[@ > 0]"}
