"""Words in LaTeX: what a word says is printed, whatever stands in it; nothing of it is a command."""

from __future__ import annotations

import unicodedata

from backprop_derive.notation import SPELLED

_LONG = 24
_SIGNS = frozenset("*/+-=,;:._&?#%)]}")
_SPECIAL = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "[": "{[}", "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}", "<": r"\ensuremath{<}", ">": r"\ensuremath{>}", "|": r"\ensuremath{|}", "`": r"\textquoteleft{}", '"': r"\textquotedblright{}",
    "–": r"\textendash{}", "—": r"\textemdash{}", "‘": r"\textquoteleft{}", "’": "'{}", "“": r"\textquotedblleft{}", "”": r"\textquotedblright{}",
    "…": r"\dots{}", "ß": r"\ss{}", "æ": r"\ae{}", "Æ": r"\AE{}", "œ": r"\oe{}", "Œ": r"\OE{}", "ø": r"\o{}", "Ø": r"\O{}", "ł": r"\l{}",
    "Ł": r"\L{}", "ı": r"\i{}", "§": r"\S{}", "\u00a0": "~", "\u2009": r"\,",
}  # fmt: skip
_MATHEMATICS = {
    "−": "-", "·": r"\cdot", "×": r"\times", "→": r"\to", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "½": r"\tfrac12", "¼": r"\tfrac14", "¾": r"\tfrac34",
    "⅓": r"\tfrac13", "⅔": r"\tfrac23", "²": "^2", "³": "^3", "⁺": "^+", "⁻": "^-", "ᵀ": "^T", "√": r"\surd", "∂": r"\partial", "∞": r"\infty", "∈": r"\in",
    "⊙": r"\odot", "±": r"\pm", "°": r"^\circ", "∇": r"\nabla", "⋅": r"\cdot", "∑": r"\Sigma", "∏": r"\Pi", "′": "'", "≈": r"\approx", "′′": "''",
}  # fmt: skip
_ACCENTS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u", "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H",
    "\u030c": "v", "\u0323": "d", "\u0327": "c", "\u0331": "b",
}  # fmt: skip


def latex_text(text: str) -> str:
    r"""Words that LaTeX prints as they are; letters that its standard fonts have not are printed as their escapes.

    >>> print(latex_text(r"50% of $x_1 \input{y}"))
    50\% of \$x\_1 \textbackslash{}input\{y\}
    >>> print(latex_text("Größe δ 中"))
    Gr\"{o}\ss{}e \ensuremath{\delta} \textbackslash{}u4e2d
    """
    return " ".join(map(_word, unicodedata.normalize("NFC", text).split(" "))).replace("--", "-{}-").replace("--", "-{}-").replace("''", "'{}'")


def _word(word: str) -> str:
    """A word, whose lines may end behind signs if it is long."""
    letters = [_letter(letter) for letter in word]
    if word.startswith("*"):  # a star behind the end of a line would belong to its command, as a bracket would
        letters[0] = "{*}"
    if len(word) > _LONG:
        letters = [shown + (r"\allowbreak{}" if letter in _SIGNS else "") for letter, shown in zip(word, letters, strict=True)]
    return "".join(letters)


def _letter(letter: str) -> str:
    if letter in _SPECIAL:
        return _SPECIAL[letter]
    if " " <= letter <= "~":
        return letter
    if letter in _MATHEMATICS:
        return rf"\ensuremath{{{_MATHEMATICS[letter]}}}"
    if letter in SPELLED:
        return rf"\ensuremath{{\{SPELLED[letter]}}}"
    parts = unicodedata.normalize("NFD", letter)
    base, marks = parts[0], parts[1:]
    if marks and base.isascii() and base.isalpha() and all(mark in _ACCENTS for mark in marks):
        for mark in marks:
            base = rf"\{_ACCENTS[mark]}{{{base}}}"
        return base
    return r"\textbackslash{}" + ascii(letter)[2:-1]
