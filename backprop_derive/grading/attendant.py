"""The process that judges submissions, and the handle by which it is used.

It speaks lines of JSON: it is told the network once, then a submission at a time, and answers with the marks. Whoever uses it ends it
when an answer takes too long, and starts another.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

from backprop_derive.grading.marks import Marked, failure, marked_from

MEMORY = 4 * 1024**3
STARTING = 60.0
GRACE = 30.0
_GONE = ""


class Attendant:
    """A process that judges one submission after the other for one network."""

    def __init__(self, spec: str, file: str | None, notation: str | None = None) -> None:
        self.spec, self.file, self.notation = spec, file, notation
        self.process: subprocess.Popen[str] | None = None
        self.answers: queue.Queue[str] = queue.Queue()

    def mark(self, name: str, files: Sequence[Path], limit: float) -> Marked:
        """The marks of a submission, or why there are none: more than `limit` seconds, or a process that broke down."""
        try:
            if self.process is None or self.process.poll() is not None:
                self.close()
                self._start()
            self._say({"name": name, "files": [os.fsdecode(path) for path in files], "limit": limit})
            answer = self.answers.get(timeout=limit)
        except queue.Empty:
            self.close()
            return failure(name, f"judging it took more than {limit:g} seconds")
        except OSError as error:
            self.close()
            return failure(name, f"judging it broke down: {error}")
        if answer == _GONE:
            self.close()
            return failure(name, "judging it broke down")
        return marked_from(json.loads(answer))

    def _start(self) -> None:
        self.answers = queue.Queue()
        own = {"start_new_session": True} if os.name == "posix" else {}  # Ctrl-C is for whoever runs the attendants
        command = [sys.executable, "-m", "backprop_derive.grading.attendant"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONSAFEPATH": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, encoding="utf-8", errors="surrogateescape", env=environment, **own
        )  # type: ignore[call-overload]
        assert self.process is not None
        threading.Thread(target=_listen, args=(self.process.stdout, self.answers), daemon=True).start()
        self._say({"spec": self.spec, "file": self.file, "notation": self.notation})
        if self.answers.get(timeout=STARTING) == _GONE:
            raise OSError("the process that judges did not start")

    def _say(self, message: Any) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def close(self) -> None:
        """End the process, whatever it does."""
        process, self.process = self.process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()


def _listen(stream: IO[str], answers: queue.Queue[str]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in stream:
            answers.put(line)
    answers.put(_GONE)


# -- inside the process -------------------------------------------------------------------------------------------------


def serve() -> None:
    """Answer until nobody asks any more."""
    _limit_memory()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="surrogateescape")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing else may speak here

    from backprop_derive.answers.verifying import Verifier
    from backprop_derive.building.network import build_graph
    from backprop_derive.building.profiles import in_notation
    from backprop_derive.grading.marking import marked
    from backprop_derive.spec.loading import read_spec

    def answer(message: Any) -> None:
        answers.write(json.dumps(message) + "\n")
        answers.flush()

    asked = (json.loads(line) for line in sys.stdin)
    network = next(asked)
    graph = build_graph(read_spec(network["spec"], network["file"]))
    verifier = Verifier(graph if network["notation"] is None else in_notation(graph, network["notation"]))
    answer("ready")
    for message in asked:
        name = message["name"]
        _end_after(message["limit"] + GRACE)
        try:
            found = marked(verifier, name, [Path(each) for each in message["files"]])
        except (MemoryError, RecursionError):
            found = failure(name, "judging it needs more memory than there is")
        except Exception as error:
            found = failure(name, f"a bug, please report it: {type(error).__name__}: {error}")
        _end_after(0)
        answer(found.plain())


def _end_after(seconds: float) -> None:
    """End this process by itself, should nobody be left who does; 0 takes that back."""
    if os.name == "posix":
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory() -> None:
    """So that a hostile file cannot take the machine with it, where the system can say so."""
    if os.name == "posix":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    serve()
