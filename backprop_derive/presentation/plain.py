"""Words for outputs that cannot show every letter, and without what a terminal would act upon."""

from __future__ import annotations

_ASCII = str.maketrans(
    {
        "½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4", "−": "-", "·": "*", "×": "x", "→": "->", "…": "...",
        "≤": "<=", "≥": ">=", "≠": "!=", "²": "^2", "³": "^3", "√": "sqrt", "∂": "d", "Σ": "sum", "Π": "prod", "δ": "delta",
        "–": "-", "—": "-", "’": "'", "‘": "'", "“": '"', "”": '"', "σ": "sigma", "Γ": "Gamma", "ŷ": "yhat", "′": "'", "⁺": "+",
        "ᵀ": "^T",
    }
)  # fmt: skip


def encodable(text: str, encoding: str) -> bool:
    """Whether an output in `encoding` can show `text`."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def visible(text: str, encoding: str = "utf-8", *, ascii_only: bool = False) -> str:
    r"""`text` as an output can show it: escapes for control characters and for letters that it does not have.

    >>> visible("δ → ½", "ascii", ascii_only=True), visible("a\x1bb")
    ('delta -> 1/2', 'a\\x1bb')
    """
    if ascii_only:
        text = text.translate(_ASCII)
    text = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return text.encode(encoding, "backslashreplace").decode(encoding)
