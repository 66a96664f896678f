"""Where a document goes: to the terminal, or to a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

import click

from backprop_derive.errors import UsageError
from backprop_derive.frozen import dataclass
from backprop_derive.presentation.formats import expect_ready, find_format, format_of_file, options_of, render

if TYPE_CHECKING:
    from backprop_derive.presentation.document import Document

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Output:
    """Where a document goes: a file, or standard output if it is None; in which format, and with which of its options."""

    format: str
    file: str | None = None
    replace: bool = True
    options: tuple[tuple[str, object], ...] = ()

    @property
    def with_code(self) -> bool:
        """Whether a derivation in this format has the section of code."""
        return find_format(self.format).with_code

    @property
    def with_network(self) -> bool:
        """Whether a derivation in this format has the picture of its network."""
        return find_format(self.format).with_network


def chosen_output(format_name: str | None, file: str | None, *, replace: bool = True, **options: object) -> Output:
    """The format that -f names, or else the suffix of -o, or else the terminal's; options that are None were not given.

    Raises UsageError for unknown ones, for options that the format has not, and for a file that cannot be written because of
    its name, so that this is known before anything is computed.
    """
    target = _target(file, replace=replace)
    row = format_of_file(target) if format_name is None and target is not None else find_format("terminal" if format_name is None else format_name)
    given = options_of(row, {name: value for name, value in options.items() if value is not None and value is not False})
    if row.binary and target is None and sys.stdout.isatty():
        raise UsageError(f"{row.name} is nothing for a terminal to show: give a file with -o, or send the output to one")
    expect_ready(row, given)
    return Output(row.name, target, replace, tuple(given.items()))


def _target(file: str | None, *, replace: bool) -> str | None:
    """The file, None for standard output. Raises UsageError for one that cannot be written because of its name."""
    if file is None or file == STANDARD_OUTPUT:
        return None
    if not file.strip():
        raise UsageError("-o has no file name behind it")
    if os.path.isdir(file):
        raise UsageError(f"{file} is a folder: give the name of a file")
    folder, name = os.path.split(file)
    if not os.path.isdir(folder or os.curdir):
        raise UsageError(f"there is no folder {folder}, so {name} cannot be written there")
    if not replace and os.path.lexists(file):
        raise UsageError(f"{file} is there already, and --no-clobber keeps it")
    return file


def emit(document: Document, output: Output) -> None:
    """Write the document to its file, or print it."""
    if output.file is None and output.format == "terminal":
        _print(document)
        return
    emit_written(render(document, output.format, **dict(output.options)), output)


def emit_written(written: str | bytes, output: Output) -> None:
    """Write what a format has made to its file, or print it."""
    data = written.encode() if isinstance(written, str) else written
    if output.file is None:
        click.echo(data, nl=False)
    else:
        write_whole(output.file, data, replace=output.replace)


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


def emit_text(text: str, file: str | None, *, replace: bool, instead: str = "--no-clobber keeps it") -> None:
    """Write text to `file`, or print it as it is. Raises UsageError if the file is there and may not be replaced."""
    if file is None or file == STANDARD_OUTPUT:
        click.echo(text.encode(), nl=False)
    elif os.path.isfile(file) and not replace:
        raise UsageError(f"{file} is there already: {instead}")
    else:
        write_whole(file, text.encode(), replace=replace)


def write_whole(path: str | os.PathLike[str], data: bytes, *, replace: bool = True) -> None:
    """Write a file such that it has all of `data`, or stays as it was. Raises OSError, also for one that is there if not `replace`."""
    import tempfile

    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        try:
            with open(target, "wb") as device:  # a device or a pipe cannot be replaced
                device.write(data)
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from None
        return
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, "the file is write-protected", str(path))
    folder, name = os.path.split(target)
    try:
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=f".{name[:100]}.")
    except OSError as error:  # by the name that was given, not by that of the temporary file
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, _mode(target))
        if replace:
            os.replace(temporary, target)
        else:
            _put_new(temporary, target)
    except OSError as error:
        _discard(temporary)
        raise OSError(error.errno, error.strerror, str(path)) from None
    except BaseException:
        _discard(temporary)
        raise


def _discard(temporary: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(temporary)


def _put_new(temporary: str, target: str) -> None:
    """Give the file its name unless there is one of that name, even if it came into being a moment ago."""
    os.link(temporary, target)
    os.unlink(temporary)


def _mode(path: str) -> int:
    """The permissions that the file has, or that a new one would get."""
    if os.path.exists(path):
        return stat.S_IMODE(os.stat(path).st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
