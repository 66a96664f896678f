"""Names of quantities: what is a name, and how one is written in ASCII, Unicode and LaTeX.

A name is a letter, then letters, digits and `_`, then primes, then a label: `y'`, `z_1`, `W1`, `a^(2)`, `f_A1`.
The canonical spelling is ASCII: Greek letters are spelled out (`lambda`), accents follow the letter (`yhat`).
"""

from __future__ import annotations

import re
import unicodedata

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ",
    "tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ",
    "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
SPELLED = {letter: name for name, letter in GREEK.items()} | {"ϵ": "epsilon", "ϕ": "phi", "ϑ": "theta", "µ": "mu"}

ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303"}
_ACCENT_OF_MARK = {mark: accent for accent, mark in ACCENTS.items()} | {"\u0305": "bar"}
_LATEX_ACCENT = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde"}

SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᵀ"
_PLAIN_SUBSCRIPTS = str.maketrans(SUBSCRIPTS, "0123456789aehijklmnoprstuvx")
_PLAIN_SUPERSCRIPTS = str.maketrans(SUPERSCRIPTS, "0123456789+-()abcdefghijklmnoprstuvwxyzT")
_SUBSCRIPT_RUN = re.compile(f"_?([{SUBSCRIPTS}]+)")
_LABEL_RUN = re.compile(f"⁽[{SUPERSCRIPTS}]+⁾")
_PRIMES = {"′": "'", "’": "'", "ʹ": "'", "″": "''", "‴": "'''"}

RESERVED = frozenset({"none", "null", "true", "false"})

_BODY = r"[A-Za-z][A-Za-z0-9_]*'*"
_LABEL = r"\^\([A-Za-z0-9]+\)"
NAME = re.compile(rf"{_BODY}(?:{_LABEL})?")
_PARTS = re.compile(r"(?P<base>[A-Za-z]+(?:[0-9]+[A-Za-z]+)*)(?P<digits>[0-9]*)(?P<rest>_[A-Za-z0-9_]*)?(?P<primes>'*)(?P<label>\^\(.*\))?")
_FUNCTION = re.compile(r"([A-Za-z]|" + "|".join(sorted(GREEK, key=len, reverse=True)) + r")[0-9]*(_[A-Za-z0-9]+)?'*")


def canonical(text: str) -> str:
    """The ASCII spelling of a name: `λ` becomes `lambda`, `ŷ` becomes `yhat`, `’` becomes `'`.

    >>> canonical("ŷ"), canonical("λ₁"), canonical("y′"), canonical("a⁽²⁾")
    ('yhat', 'lambda_1', "y'", 'a^(2)')
    """
    text = _SUBSCRIPT_RUN.sub(lambda run: "_" + run[1].translate(_PLAIN_SUBSCRIPTS), text.strip())
    text = _LABEL_RUN.sub(lambda run: "^" + plain_superscripts(run[0]), text)
    return "".join(map(_spelled, unicodedata.normalize("NFD", text)))


def plain_subscripts(text: str) -> str:
    """Subscript characters as ordinary ones: `₁ₖ` gives `1k`."""
    return text.translate(_PLAIN_SUBSCRIPTS)


def plain_superscripts(text: str) -> str:
    """Superscript characters as ordinary ones: `⁽²⁾` gives `(2)`."""
    return text.translate(_PLAIN_SUPERSCRIPTS)


def _spelled(character: str) -> str:
    if "\U0001d400" <= character <= "\U0001d7ff":  # the mathematical alphabets: bold, italic, script
        character = unicodedata.normalize("NFKC", character)
    return _ACCENT_OF_MARK.get(character) or _PRIMES.get(character) or SPELLED.get(character, character)


def is_name(text: str) -> bool:
    """Whether `text` (canonical) can name a quantity."""
    return NAME.fullmatch(text) is not None and text.lower() not in RESERVED


def looks_like_function(name: str) -> bool:
    """Whether an unknown name may stand for an abstract function: `f`, `g2`, `f_A1`, `phi_h`, `sigma`, but not `rleu`."""
    return _FUNCTION.fullmatch(name) is not None


def split_primes(name: str) -> tuple[str, int]:
    """A name without its primes, and how many there were: `f_B''` gives `("f_B", 2)`."""
    bare = name.rstrip("'")
    return bare, len(name) - len(bare)


def unicode_name(name: str) -> str:
    """The name as a terminal shows it: Greek letters and accents, otherwise as written."""
    match = _PARTS.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not a name")
    base, accent = _accented(match["base"])
    shown = GREEK.get(base, base) + (ACCENTS[accent] if accent else "")
    rest = "_".join(GREEK.get(part, part) for part in (match["rest"] or "").split("_"))
    return unicodedata.normalize("NFC", shown) + match["digits"] + rest + match["primes"] + (match["label"] or "")


def latex_name(name: str, indices: str = "", *, array: bool = False) -> str:
    r"""The name in LaTeX, with `indices` (already LaTeX) as further subscripts; digits of an `array` stand above.

    >>> latex_name("f_A1"), latex_name("y'"), latex_name("yhat", "2"), latex_name("a_1^(2)"), latex_name("z1", array=True)
    ('f_{A1}', "y'", '\\hat{y}_{2}', 'a_{1}^{(2)}', 'z^{(1)}')
    """
    match = _PARTS.fullmatch(name)
    if match is None:
        raise ValueError(f"{name!r} is not a name")
    base, accent = _accented(match["base"])
    digits, rest = match["digits"], (match["rest"] or "").lstrip("_")
    shown = _latex_word(base)
    if accent:
        shown = f"{_LATEX_ACCENT[accent]}{{{shown}}}"
    label = match["label"][1:] if match["label"] else ""
    if digits and (indices or array) and not label:
        digits, label = "", f"({digits})"
    subscript = ",".join(part for part in (digits, _latex_subscript(rest), indices) if part)
    lower = f"_{{{subscript}}}" if subscript else ""
    if label:
        return shown + lower + "^{" + r"\prime" * len(match["primes"]) + label + "}"
    return shown + match["primes"] + lower


def _accented(base: str) -> tuple[str, str]:
    """Split `yhat` into `y` and `hat`; only a single letter or a Greek name carries an accent."""
    for accent in ACCENTS:
        stem = base.removesuffix(accent)
        if stem != base and (len(stem) == 1 or stem in GREEK):
            return stem, accent
    return base, ""


def _latex_word(word: str) -> str:
    if word in GREEK:
        return "\\" + word
    return word if len(word) == 1 else rf"\mathrm{{{word}}}"


def _latex_subscript(rest: str) -> str:
    parts = [part for part in rest.split("_") if part]
    return r"\,".join(_latex_index(part) for part in parts)


def _latex_index(part: str) -> str:
    """A part of a subscript: words are upright, letters and numbers as they are: `k`, `12`, `A1`, but `\\mathrm{out}`."""
    if part in GREEK:
        return "\\" + part
    word = part.rstrip("0123456789")
    return rf"\mathrm{{{word}}}{part[len(word) :]}" if len(word) > 1 and word.isalpha() else part
