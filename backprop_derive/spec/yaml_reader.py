"""YAML text to the marked tree of `source`: scalars stay text, and only what a spec needs of YAML is read.

The tree is built from parser events with a stack of its own, so that neither deep nesting nor aliases cost anything.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import yaml

from backprop_derive.errors import Problem, SpecError
from backprop_derive.spec.problems import Problems, quoted, shown
from backprop_derive.spec.source import Mapping, Mark, Scalar, Sequence, Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAXIMUM_BYTES = 200_000
MAXIMUM_NESTING = 100
LONGEST_PATH = 300

SINGLE_QUOTES = 'use single quotes: inside "…", \\f, \\t, \\n, \\b and others are control characters'
OWN_LINE = "brackets and commas have a meaning of their own inside […] and {…}: write it on a line of its own, or quote it"

SQUARE = "a list stands in square brackets, [3, 2], not in round ones"
COLON_MISSING = "a ': ' is missing here: an entry is `key: value`, with a blank behind the colon"

_CONTROL = ("Cc", "Cs", "Zl", "Zp")

_SYNTAX_ERRORS = (  # what PyYAML says, and what it means for someone who writes a spec
    ("'\\t' that cannot start", "a tab stands here: YAML is indented and spaced with spaces"),
    ("cannot start any token", "an entry cannot begin with this character: quote it"),
    ("mapping values are not allowed", "a ': ' is not expected here: check the indentation, and quote text that contains ': '"),
    ("sequence entries are not allowed", "a list cannot begin here: put '- ' on a line of its own, and quote a formula that begins with '- '"),
    ("'<stream end>'", "a bracket is not closed"),
    ("expected '<document start>'", "the spec has ended above this line: check the brackets and the indentation"),
    ("expected ',' or", OWN_LINE),
    ("expected the node content", OWN_LINE),
    ("found unexpected end of stream", "the file ends inside quotes: a quote is not closed"),
    ("unknown escape character", f"a backslash inside \"…\" begins an escape: {SINGLE_QUOTES}"),
    ("expected escape sequence", f"a backslash inside \"…\" begins an escape: {SINGLE_QUOTES}"),
    ("expected <block end>", "this does not fit what stands above: check the indentation, and quote a formula that begins with a quote or a bracket"),
    ("could not find expected ':'", COLON_MISSING),
    ("expected chomping", "| and > begin a block of text: quote a formula that begins with one"),
    ("expected alphabetic or numeric", "an entry cannot begin with *, & or !: quote it"),
    ("expected ' '", "an entry cannot begin with *, & or !: quote it"),
    ("tag", "tags (!…) are not read: quote an entry that begins with !"),
)  # fmt: skip


def read_tree(text: str, file: str | None, problems: Problems) -> Value:
    """The tree of the one document in `text`. What leaves the rest readable goes into `problems`.

    Raises SpecError where there is no tree: an empty or too large file, a fault of syntax, nesting over 100.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAXIMUM_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAXIMUM_BYTES:
        raise SpecError(Problem(f"the file is larger than {MAXIMUM_BYTES // 1000} kB; data belongs in a CSV file", file))
    text = "\n".join(map(_without_tabs, text.split("\n"))) if "\t" in text else text
    builder = _TreeBuilder(file, problems)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.reader.ReaderError as error:
        raise SpecError(_unreadable_character(text, error.position, file)) from None
    except yaml.MarkedYAMLError as error:
        raise SpecError((*problems.found, _syntax_problem(error, text, file))) from None
    except (ValueError, OverflowError):  # PyYAML's own slips, such as chr() of the escape \UFFFFFFFF
        raise SpecError(Problem(f"an escape that is no character; {SINGLE_QUOTES}", file)) from None
    if builder.root is None or builder.root == Scalar("", builder.root.mark):
        raise SpecError(problems.found or Problem("the file is empty: a spec has keys such as inputs, layers and loss", file))
    return builder.root


def _without_tabs(line: str) -> str:
    """A line with blanks for the tabs behind its first letter and its last quote, which mean the same there; PyYAML refuses some."""
    start = max(_indentation(line), line.rfind("'") + 1, line.rfind('"') + 1)
    return line[:start] + line[start:].replace("\t", " ")


def _unreadable_character(text: str, position: int, file: str | None) -> Problem:
    before = text[:position]
    line = before.count("\n") + 1
    character = text[position]
    message = f"the file has a control character here (U+{ord(character):04X}): it is not plain text"
    return Problem(message, file, line, position - before.rfind("\n"), value=shown(character))


def _syntax_problem(error: yaml.MarkedYAMLError, text: str, file: str | None) -> Problem:
    said, opened, mark = str(error.problem), error.context_mark, error.problem_mark
    message = next((meaning for part, meaning in _SYNTAX_ERRORS if part in said), f"this is not YAML: {shown(said)}")
    if opened is not None and ("stream" in said or message == COLON_MISSING):
        mark = opened  # the end of the file, or the line below, says nothing: point at what is not finished
    elif opened is not None and mark is not None and message == OWN_LINE and opened.line != mark.line:
        message = f"close the bracket of line {opened.line + 1}; or, if it is meant to go on here: {OWN_LINE}"
    if mark is None:
        return Problem(message, file)
    above = text.splitlines()[mark.line - 1] if "mapping values" in said and mark.line else ""
    if " = " in above and ": " not in above:
        left, _, right = above.strip().partition(" = ")
        return Problem(f"an entry has a colon, not an equals sign: `{shown(left)}: {shown(right)}`", file, mark.line, _indentation(above) + 1)
    if above.strip() and ": " not in above and not above.rstrip().endswith(":") and _indentation(above) == _indentation(text.splitlines()[mark.line]):
        return Problem(COLON_MISSING, file, mark.line, _indentation(above) + 1)
    return Problem(message, file, mark.line + 1, mark.column + 1)


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


@dataclass(eq=False, repr=False)
class _Open:
    """A list or mapping that is not closed yet; the children of a mapping are key, value, key, value …"""

    mark: Mark
    mapping: bool
    flow: bool
    children: list[Value] = field(default_factory=list)

    def next_path(self, event: yaml.Event) -> str:
        """The path of the child that `event` begins; a key has the path of its entry."""
        if not self.mapping:
            return f"{self.mark.path}[{len(self.children)}]"
        if len(self.children) % 2 == 0:
            key = event.value if isinstance(event, yaml.ScalarEvent) else ""
        else:
            key = self.children[-1].text if isinstance(self.children[-1], Scalar) else ""
        path = f"{self.mark.path}.{shown(key)}" if self.mark.path else shown(key)
        return path if len(path) <= LONGEST_PATH else "…" + path[1 - LONGEST_PATH :]


class _TreeBuilder:
    """Takes parser events one by one; `root` is the tree when the document is over."""

    def __init__(self, file: str | None, problems: Problems) -> None:
        self.file, self.problems = file, problems
        self.root: Value | None = None
        self.open: list[_Open] = []
        self.documents = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents == 2:
                self.problems.add(self._mark(event), "a second document begins here: a spec is one document")
        elif self.documents > 1:
            return
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._close()
        elif isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event))
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._alias(event))

    def _mark(self, event: yaml.Event) -> Mark:
        path = self.open[-1].next_path(event) if self.open else ""
        start = event.start_mark
        assert start is not None
        return Mark(start.line + 1, start.column + 1, path, self.file)

    def _add(self, value: Value) -> None:
        if self.open:
            self.open[-1].children.append(value)
        else:
            self.root = value

    def _begin(self, event: yaml.CollectionStartEvent) -> None:
        mark = self._mark(event)
        if len(self.open) >= MAXIMUM_NESTING:
            self.problems.add(mark, f"lists and mappings nested more than {MAXIMUM_NESTING} deep")
            raise SpecError(self.problems.found)
        self._refuse_properties(event, mark)
        self.open.append(_Open(mark, isinstance(event, yaml.MappingStartEvent), bool(event.flow_style)))

    def _close(self) -> None:
        done = self.open.pop()
        cut = self._refuse_cut_entries(done) if done.flow else []
        if done.mapping:
            pairs = zip(done.children[::2], done.children[1::2], strict=True)
            self._add(Mapping(tuple(self._entries(pair for pair in pairs if pair[0] not in cut and pair[1] not in cut)), done.mark))
        else:
            self._add(Sequence(tuple(done.children), done.mark))

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        mark = self._mark(event)
        self._refuse_properties(event, mark)
        allowed = "" if event.style == '"' else "\n\t"
        for character in event.value:
            if unicodedata.category(character) in _CONTROL and character not in allowed:
                self.problems.add(mark, f"a control character (U+{ord(character):04X}); {SINGLE_QUOTES}", event.value)
        return Scalar(event.value, mark, bool(event.style), _is_verbatim(event))

    def _alias(self, event: yaml.AliasEvent) -> Scalar:
        mark = self._mark(event)
        message = "aliases (*name) are not read: write the entry out, or quote a formula that begins with *"
        self.problems.add(mark, message, f"*{event.anchor}")
        return Scalar("", mark)

    def _refuse_properties(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, mark: Mark) -> None:
        if event.anchor is not None:
            self.problems.add(mark, "anchors (&name) are not read: quote an entry that begins with &", f"&{event.anchor}")
        elif event.tag is not None:
            self.problems.add(mark, "tags (!…) are not read: quote an entry that begins with !", event.tag)

    def _refuse_cut_entries(self, done: _Open) -> list[Value]:
        """`[sum(y, c) = 1]` is two entries, `sum(y` and `c) = 1`: report the first, blame both and what they left empty, and a
        mapping of which they are all. Returns them."""
        cut: list[Value] = [child for child in done.children if isinstance(child, Scalar) and not child.quoted and not balanced(child.text)]
        for child in cut[:1]:
            assert isinstance(child, Scalar)
            hint = SQUARE if child.text.startswith("(") else OWN_LINE
            self.problems.add(child.mark, f"a bracket is open in this entry; {hint}", child.text)
            for left_over in done.children:
                if left_over in cut or left_over == Scalar("", left_over.mark):
                    self.problems.blame(left_over.mark)
            if done.mapping:
                self.problems.blame(done.mark)
        return cut

    def _entries(self, pairs: Iterable[tuple[Value, Value]]) -> Iterator[tuple[Scalar, Value]]:
        """The entries of a mapping without those whose key cannot be used."""
        seen: dict[str, Mark] = {}
        for key, value in pairs:
            if not isinstance(key, Scalar):
                self.problems.add(key.mark, "a key is a name, not a list or a mapping: quote it if it begins with a bracket")
            elif key.text == "<<" and not key.quoted:
                self.problems.add(key.mark, "merge keys (<<) are not read: write the entries out", key.text)
            elif key.text in seen:
                self.problems.add(key.mark, f"the key {quoted(key.text)} stands twice: first on line {seen[key.text].line}", key.text)
            else:
                seen[key.text] = key.mark
                yield key, value


def _is_verbatim(event: yaml.ScalarEvent) -> bool:
    """Whether the file has the text as it is read: no escapes, no lines that were folded."""
    start, end = event.start_mark, event.end_mark
    assert start is not None
    assert end is not None
    written = "" if start.buffer is None else start.buffer[start.pointer : end.pointer]
    return (written[1:-1] if event.style in ("'", '"') else written.rstrip()) == event.value


def balanced(text: str) -> bool:
    """Whether the brackets of `text` close what they open.

    >>> balanced("f(z[j])"), balanced("sum(y"), balanced("c) = 1")
    (True, False, False)
    """
    closers = {"(": ")", "[": "]", "{": "}"}
    expected: list[str] = []
    for character in text:
        if character in closers:
            expected.append(closers[character])
        elif character in closers.values() and (not expected or expected.pop() != character):
            return False
    return not expected
