"""Where a document goes: to the terminal, or to a file that is there whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from backprop_derive.errors import UsageError
from backprop_derive.presentation.formats import find_format, format_of_file, render

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document


def chosen_format(name: str | None, file: str | None) -> str:
    """The format that -f names, or else the suffix of -o, or else the terminal's.

    Raises UsageError for unknown ones, and for a file that cannot be one, so that this is known before anything is computed.
    """
    if file is not None:
        _check_target(file)
    if name is not None:
        return find_format(name).name
    return format_of_file(file).name if file is not None else "terminal"


def _check_target(file: str) -> None:
    """Raise UsageError for a file that cannot be written because of its name."""
    target = Path(file)
    if not file.strip():
        raise UsageError("-o has no file name behind it")
    if os.path.isdir(file):
        raise UsageError(f"{file} is a folder: give the name of a file")
    if not os.path.isdir(target.parent):
        raise UsageError(f"there is no folder {target.parent}, so {target.name} cannot be written there")


def emit(document: Document, name: str, file: str | None) -> None:
    """Write the document in a format to `file`, or print it."""
    if file is not None:
        write_whole(Path(file), render(document, name))
    elif name == "terminal":
        _print(document)
    else:
        click.echo(render(document, name).encode(), nl=False)


def _print(document: Document) -> None:
    """With styles in a terminal, as text anywhere else; rich is loaded only for styles."""
    from backprop_derive.presentation.formats import terminal

    if not _may_show_styles():
        encoding = sys.stdout.encoding or "utf-8"
        click.echo(terminal.render(document, _width(), encoding).encode(encoding), nl=False)
        return

    from rich.console import Console

    class Terminal(Console):
        """A console that leaves it to the command what happens when nobody reads any more."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    terminal.print_document(document, Terminal(width=_width()))


def _may_show_styles() -> bool:
    """Whether rich could find that the output shows styles. It decides which, if any."""
    return sys.stdout.isatty() or any(os.environ.get(name) for name in ("FORCE_COLOR", "TTY_COMPATIBLE"))


def _width() -> int:
    """The columns of the terminal as rich finds them: COLUMNS, or the first standard stream that is one; 80 if none says."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit() and int(columns):
        return int(columns)
    for stream in range(3):
        try:
            return os.get_terminal_size(stream).columns or 80
        except OSError:
            continue
    return 80


def emit_text(text: str, file: str | None, *, replace: bool) -> None:
    """Write text to `file`, or print it as it is. Raises UsageError if the file is there and may not be replaced."""
    if file is None:
        click.echo(text.encode(), nl=False)
    elif Path(file).is_file() and not replace:
        raise UsageError(f"{file} is there already: take another name, or replace it with --force")
    else:
        write_whole(Path(file), text)


def write_whole(path: Path, text: str) -> None:
    """Write a file such that it has all of `text`, or stays as it was. Raises OSError."""
    import tempfile

    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_file():
        try:
            target.write_text(text, encoding="utf-8")  # a device or a pipe cannot be replaced
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        return
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:100]}.")
    except OSError as error:  # by the name that was given, not by that of the temporary file
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        os.chmod(temporary, _mode(target))
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def _mode(path: Path) -> int:
    """The permissions that the file has, or that a new one would get."""
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
