"""Every submission judged: one after the other, or in parallel through joblib, whose workers may be those of a cluster."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from backprop_derive.errors import UsageError
from backprop_derive.grading.attendant import Attendant
from backprop_derive.grading.journal import Journal
from backprop_derive.grading.marks import Marked
from backprop_derive.grading.submissions import Submission

TIME_LIMIT = 60.0
INSTALL = "pip install 'backprop_derive[grade]'"


@dataclass(frozen=True, slots=True)
class Network:
    """A spec as text, with the name of its file, and the notation of the hand calculations."""

    text: str
    file: str | None = None
    notation: str | None = None


def marked_submissions(
    network: Network,
    submissions: Sequence[Submission],
    *,
    jobs: int = 1,
    limit: float = TIME_LIMIT,
    journal: Journal | None = None,
    progress: Callable[[int], None] | None = None,
) -> tuple[Marked, ...]:
    """The marks of every submission, in order. What the journal knows is not judged again; what is finished is written there at once.

    Raises UsageError for several jobs without joblib.
    """
    prints = {each.name: each.fingerprint() for each in submissions}
    found: dict[str, Marked] = {}
    for each in submissions:
        known = None if journal is None else journal.finished(each.name, prints[each.name])
        if known is not None:
            found[each.name] = known
    waiting = [each for each in submissions if each.name not in found]
    for marked in (_in_parallel if jobs != 1 and len(waiting) > 1 else _one_by_one)(network, waiting, limit, jobs):
        found[marked.submission] = marked
        if journal is not None:
            journal.add(marked, prints[marked.submission])
        if progress is not None:
            progress(len(found))
    return tuple(found[each.name] for each in submissions)


def need_joblib(jobs: int) -> None:
    """Raises UsageError where several jobs are asked for, and nothing can run them."""
    if jobs != 1 and find_spec("joblib") is None:
        raise UsageError(f"--jobs needs joblib: {INSTALL}; without it submissions are judged one after the other (--jobs 1)")


def _one_by_one(network: Network, submissions: Sequence[Submission], limit: float, jobs: int) -> Iterator[Marked]:
    del jobs
    attendant = Attendant(network.text, network.file, network.notation)
    try:
        for each in submissions:
            yield attendant.mark(each.name, each.files, limit)
    finally:
        attendant.close()


def _in_parallel(network: Network, submissions: Sequence[Submission], limit: float, jobs: int) -> Iterator[Marked]:
    """Through whichever back end of joblib is chosen around the call; by default processes of this machine."""
    need_joblib(jobs)
    from joblib import Parallel, delayed

    run = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
    yield from run(delayed(mark_one)(network, each, limit) for each in submissions)


_attendants: dict[Network, Attendant] = {}


def mark_one(network: Network, submission: Submission, limit: float) -> Marked:
    """What a worker does: every worker has an attendant of its own, which it keeps."""
    if network not in _attendants:
        _attendants[network] = Attendant(network.text, network.file, network.notation)
        atexit.register(_attendants[network].close)
    return _attendants[network].mark(submission.name, submission.files, limit)
