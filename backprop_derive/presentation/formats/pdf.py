"""A document as PDF: through typst, which needs no TeX, or through a TeX engine when one is asked for."""

from __future__ import annotations

import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from backprop_derive.errors import Problem, UsageError, nearest
from backprop_derive.presentation.document import Document
from backprop_derive.presentation.formats import latex, typst

TEX_ENGINES = ("pdflatex", "lualatex", "xelatex")
ENGINES = ("typst", *TEX_ENGINES)
_LONGEST_RUN = 300  # seconds
_BOTH_WAYS = "pip install 'backprop_derive[pdf]' for typst, or install TeX (such as TeX Live) and say --pdf-engine pdflatex"


def render(document: Document, *, pdf_engine: str | None = None, width: float = latex.WIDTH) -> bytes:
    """The pages. Raises UsageError for an engine that does not exist or is not installed."""
    engine = chosen_engine(pdf_engine)
    if engine in TEX_ENGINES:
        return _by_tex(engine, latex.render(document, width=width))
    import typst as compiler

    return bytes(compiler.compile(typst.render(document, width=width).encode()))


def ready(*, pdf_engine: str | None = None, **_: object) -> None:
    """Raise UsageError if the engine does not exist or is not installed."""
    chosen_engine(pdf_engine)


def chosen_engine(wanted: str | None) -> str:
    """The engine that is wanted, or else typst, or else a TeX engine that is installed. Raises UsageError if there is none."""
    if wanted is not None and wanted not in ENGINES:
        raise UsageError(Problem(f"there is no engine {wanted!r} for PDF; there are {', '.join(ENGINES)}", value=wanted, nearest=nearest(wanted, ENGINES)))
    if wanted == "typst" or (wanted is None and find_spec("typst") is not None):
        if find_spec("typst") is None:
            raise UsageError(f"typst is not installed: {_BOTH_WAYS}")
        return "typst"
    found = next((each for each in TEX_ENGINES if wanted in (None, each) and shutil.which(each) is not None), None)
    if found is None:
        missing = "a PDF needs typst or TeX, and neither is installed" if wanted is None else f"{wanted} is not installed"
        raise UsageError(f"{missing}: {_BOTH_WAYS}")
    return found


def _by_tex(engine: str, source: str) -> bytes:
    """The pages that a TeX engine makes. It runs in a folder of its own and may not run other programs."""
    with TemporaryDirectory() as folder:
        Path(folder, "page.tex").write_text(source, encoding="utf-8")
        command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "page.tex"]
        try:
            result = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_LONGEST_RUN, check=False)
        except subprocess.TimeoutExpired:
            raise UsageError(f"{engine} did not come to an end in {_LONGEST_RUN} seconds") from None
        if result.returncode != 0:
            said = next((line for line in result.stdout.splitlines() if line.startswith("!")), f"exit code {result.returncode}")
            raise UsageError(f"{engine} makes no PDF of this page: {said.lstrip('! ')}")
        return Path(folder, "page.pdf").read_bytes()
