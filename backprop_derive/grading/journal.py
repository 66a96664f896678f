"""What is finished, written down submission by submission, so that an interrupted run goes on where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from backprop_derive.grading.marks import Marked, marked_from

SUFFIX = ".partial"


class Journal:
    """A file of lines of JSON: first what the run is about, then each submission with its fingerprint."""

    def __init__(self, report: Path, about: str) -> None:
        self.path = report.with_name(report.name + SUFFIX)
        self.about = hashlib.sha256(about.encode("utf-8", "surrogatepass")).hexdigest()
        self.known: dict[str, tuple[str, Marked]] = dict(self._read())
        self._stream: IO[str] | None = None

    def _read(self) -> Mapping[str, tuple[str, Marked]]:
        """What an earlier run about the same thing has finished; a line that was cut off is left out."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return {}
        found: dict[str, tuple[str, Marked]] = {}
        for number, line in enumerate(lines):
            try:
                data = json.loads(line)
                if number == 0 and data["about"] != self.about:
                    return {}
                if number:
                    found[data["marked"]["submission"]] = (data["fingerprint"], marked_from(data["marked"]))
            except (ValueError, LookupError, TypeError):
                if number == 0:
                    return {}
        return found

    def finished(self, name: str, fingerprint: str) -> Marked | None:
        """The marks of a submission that has not changed since; None if it is to be judged."""
        known = self.known.get(name)
        return known[1] if known is not None and known[0] == fingerprint else None

    def add(self, marked: Marked, fingerprint: str) -> None:
        """Write a finished submission down. Raises OSError."""
        if self._stream is None:
            self._begin()
        assert self._stream is not None
        self._stream.write(json.dumps({"fingerprint": fingerprint, "marked": marked.plain()}) + "\n")
        self._stream.flush()
        self.known[marked.submission] = (fingerprint, marked)

    def _begin(self) -> None:
        """A new file, with what is known already."""
        temporary = self.path.with_name(self.path.name + "~")
        with temporary.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps({"about": self.about}) + "\n")
            for fingerprint, marked in self.known.values():
                stream.write(json.dumps({"fingerprint": fingerprint, "marked": marked.plain()}) + "\n")
        temporary.replace(self.path)
        self._stream = self.path.open("a", encoding="utf-8")

    def close(self, *, done: bool = False) -> None:
        """Close the file; when all is done it goes."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        if done:
            self.path.unlink(missing_ok=True)
