"""What the records teach an estimate, the same for a quote and for the job that is started."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from results.jobs import Outcome
from results.records import Run
from results.store import Store

if TYPE_CHECKING:
    from estimators.calibrate import History
    from estimators.past import PastRuns

KNOWN_RUNS = 300  # the newest, from which a quote learns: a team's store may hold thousands


@dataclass(frozen=True, kw_only=True)
class Known:
    """How own jobs went beside what was predicted, and what ran on which machine."""

    history: "History"
    there: Mapping[str, Run]  # by instance type: the same workload, measured on it
    past: "PastRuns"


def known_of(run: Run, store: Store) -> Known:
    """What `store` knows that bears on `run`."""
    from estimators.calibrate import History
    from estimators.past import past_runs
    from estimators.there import runs_there

    runs = list(islice(store.newest_first(Run), KNOWN_RUNS))
    return Known(
        history=History.of(store.newest_first(Outcome)),
        there=runs_there(run, runs),
        past=past_runs(runs),
    )
