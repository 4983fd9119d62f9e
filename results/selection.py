"""Which runs are meant by `latest`, `cnn~1`, a run id, a commit, a file or a folder of records."""

import re
from collections.abc import Sequence
from pathlib import Path

from results.compare import setting
from results.errors import RecordError, UsageError, near
from results.records import Run
from results.store import Store, read_file

FORMS = (
    "latest, latest~1, WORKLOAD, WORKLOAD~1, the start of a run id, a commit, a record file or a "
    "folder of records"
)
_SHORTEST_COMMIT = 7


def select(asked: str, runs: Sequence[Run]) -> list[Run]:
    """The runs that `asked` means, of `runs` (the newest first) or of the file or folder it names.

    `latest` is the newest run of each workload, `latest~1` the one before it; `cnn` and `cnn~1` are
    those of one workload. A commit and a folder mean all their runs, which is better than one: runs
    differ. Partial runs are left out. Raises UsageError where nothing is meant.
    """
    path = Path(asked)
    if path.is_file():
        return [_from_file(path)]
    if (path / "runs").is_dir():
        return _from_folder(path)
    whole = [run for run in runs if not run.partial]
    match = re.fullmatch(r"(?P<name>.+?)(?:~(?P<back>\d{1,6}))?", asked)
    if match and (found := _nth_newest(whole, match["name"], int(match["back"] or 0))):
        return found
    ids = [run for run in whole if run.run_id.startswith(asked)] if asked else []
    if len(ids) == 1 or any(run.run_id == asked for run in ids):
        return [run for run in ids if run.run_id == asked] or ids
    if len(asked) >= _SHORTEST_COMMIT and (found := _of_commit(whole, asked)):
        return found
    raise UsageError(_nothing(asked, whole, len(ids)))


def _from_file(path: Path) -> Run:
    try:
        return read_file(path, Run)
    except RecordError as error:
        raise RecordError(f"{path} holds no run: {error}.") from None


def _from_folder(path: Path) -> list[Run]:
    store = Store(path)
    found = [run for run in store.newest_first(Run) if not run.partial]
    if store.problems:
        raise RecordError(store.problems[0])
    if not found:
        raise UsageError(f"{path}/runs holds no whole run. Measure into it first.")
    return found


def _nth_newest(runs: Sequence[Run], name: str, back: int) -> list[Run]:
    """The run `back` before the newest one of each workload in each of its settings."""
    seen: dict[object, int] = {}
    found = []
    for run in runs:
        if name not in ("latest", run.workload.name, run.workload.reference):
            continue
        place = seen[setting(run)] = seen.get(setting(run), -1) + 1
        if place == back:
            found.append(run)
    return found


def _of_commit(runs: Sequence[Run], commit: str) -> list[Run]:
    kept = ((run, run.machine.commit or "") for run in runs)
    return [run for run, its in kept if its and (its.startswith(commit) or commit.startswith(its))]


def _nothing(asked: str, runs: Sequence[Run], ids: int) -> str:
    if not runs:
        return f"'{asked}' means no run: there is none yet. Start with: trainfare measure cnn"
    if ids > 1:
        return f"'{asked}' begins {ids} run ids. Give more of the one that is meant."
    name = asked.partition("~")[0]
    count = len(runs) if name == "latest" else sum(r.workload.name == name for r in runs)
    if count and re.fullmatch(r"\d+", asked.partition("~")[2]):
        here = "" if name == "latest" else f" of {name}"
        only = "is only 1 run" if count == 1 else f"are only {count} runs"
        return f"'{asked}' means no run: there {only}{here}. Measure again first."
    known = {run.workload.name for run in runs} | {"latest"}
    return f"'{asked}' means no run. {near(asked, known)} Expected: {FORMS}."
