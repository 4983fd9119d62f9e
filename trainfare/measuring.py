"""From what was asked to a run: a fresh one from the records, or a new measurement."""

import sys
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench import device, machine, processes, reference, stopping
from results.errors import UsageError
from results.records import Run, Workload
from results.store import Store
from results.units import CLOCK_SKEW_SECONDS
from trainfare import output

FRESH = timedelta(hours=24)
RECENT_RUNS = 20  # in which to look for what this machine usually does
SCALING_SHARE = 0.4  # of --max-seconds, where several processes are measured too


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A measurement as the command line describes it."""

    workload: str
    device: str = "auto"
    batch_size: int | None = None
    threads: int | None = None
    seed: int = 0
    data_root: Path | None = None
    image_size: int | None = None
    workers: int | None = None
    max_seconds: float = 60.0
    precision_percent: float = 2.0
    batch_sizes: tuple[int, ...] | None = None  # of a sweep, which gets half of the time
    processes: int = 1  # that train together, after one alone was measured

    def options(self) -> tuple[tuple[str, str], ...]:
        """What the factory is given and a job elsewhere needs as well."""
        named = (("image_size", self.image_size), ("workers", self.workers))
        return tuple((name, str(value)) for name, value in named if value is not None)

    @property
    def data_folder(self) -> str | None:
        """--data-root as it is kept in the record."""
        return str(self.data_root.absolute()) if self.data_root else None


@stopping.heeded()
def measure(asked: Asked, store: Store) -> Run:
    """Measure now and keep the record. Raises UsageError before the measuring where it can.

    After Ctrl-C, SIGTERM or SIGHUP what was measured is kept as a partial record, and Stopped is
    raised.
    """
    digest = reference.source_digest(asked.workload)
    where = device.resolve(asked.device)
    if asked.processes > 1:
        processes.check(asked.processes, where, asked.threads)
    store.check_writable()
    output.show_log()
    output.say(f"{asked.workload}: loading torch …")
    device.check_usable(where)
    # Late: torch. Our other rooms too, or a user's own folder `cloud` would take their place.
    import cloud  # noqa: F401
    import estimators  # noqa: F401
    from bench import core_speed, load, runner, torch_facts
    from bench.sweep import InterruptedSweep, check_sizes, sweep

    given = {"data_root": asked.data_root, **dict(asked.options())}
    share = (1 - SCALING_SHARE * (asked.processes > 1)) / (2 if asked.batch_sizes else 1)
    seconds = share * asked.max_seconds
    precision = asked.precision_percent / 100
    # What a user's code prints goes to stderr: stdout is for data.
    usual = core_speed.known(_usual_probe_seconds(store, where))
    with output.progress(asked.workload) as show, redirect_stdout(sys.stderr), usual:
        make = load.factory(asked.workload, given)
        with torch_facts.threads_kept():
            session = runner.Session(
                make, where, asked.batch_size, asked.threads, asked.seed, progress=show
            )
            if asked.batch_sizes:
                check_sizes(asked.batch_sizes, session.workload.samples_per_epoch)
            run = runner.measure(
                session,
                asked.workload,
                seconds,
                precision,
                source_digest=digest,
                options=asked.options(),
                data_root=asked.data_folder,
            )
            if asked.batch_sizes and not run.partial:
                session.release()
                sizes, threads = asked.batch_sizes, session.threads
                how = (seconds, show, threads, asked.seed, precision)
                try:
                    run = replace(run, sweep=sweep(make, where, sizes, *how))
                except InterruptedSweep as stopped:
                    run = replace(run, sweep=stopped.points, partial=True)
    if asked.processes > 1 and not run.partial:
        session.release()  # its memory is for the others
        run = _with_scaling(run, asked, where)
    path = store.add(run)
    if run.partial:
        output.say(f"Kept what was measured as {path}, marked partial.")
        raise KeyboardInterrupt
    return run


def _with_scaling(run: Run, asked: Asked, where: str) -> Run:
    """The run with what several processes did; partial if Ctrl-C ended that."""
    from bench import parallel

    try:
        with output.progress(asked.workload) as show:
            scaling = parallel.measure_scaling(
                asked.workload,
                asked.processes,
                where,
                SCALING_SHARE * asked.max_seconds,
                show,
                batch_size=asked.batch_size,
                threads=asked.threads,
                seed=asked.seed,
                options={"data_root": asked.data_folder, **dict(asked.options())},
            )
    except KeyboardInterrupt:
        return replace(run, partial=True)
    return replace(run, scaling=scaling, partial=scaling.stopped_because == "interrupted")


def _usual_probe_seconds(store: Store, where: str) -> float | None:
    """What a probe of the core took in recent measurements here: the lower quartile, for in some of
    them the core may have been slow throughout."""
    here = machine.capture(where, None)
    found = sorted(
        run.core_probe_seconds
        for run in islice(store.newest_first(Run), RECENT_RUNS)
        if run.core_probe_seconds
        and machine.same_machine(run.machine, here)
        and run.machine.python_version == here.python_version
    )
    return found[len(found) // 4] if found else None


def fresh_run(asked: Asked, store: Store) -> Run | None:
    """The newest record of the same workload on this very machine, if it is under a day old."""
    here = machine.capture(device.resolve(asked.device), asked.threads)
    digest = reference.source_digest(asked.workload)
    for run in store.newest_first(Run):
        if age(run) > FRESH:
            break
        if age(run).total_seconds() < -CLOCK_SKEW_SECONDS:
            continue  # it would be fresh for ever
        if run.partial or not _same(run.workload, asked, digest):
            continue
        threads = asked.threads in (None, run.machine.threads)
        if threads and machine.same_machine(run.machine, here):
            return run
    return None


def is_answered_by(run: Run, asked: Asked) -> bool:
    """Whether `run`, on whatever machine, is of this workload as it is now, and under a day old."""
    digest = reference.source_digest(asked.workload)
    return age(run) <= FRESH and not run.partial and _same(run.workload, asked, digest)


def _same(found: Workload, asked: Asked, digest: str | None) -> bool:
    return (
        found.reference == asked.workload
        and found.source_digest == digest
        and found.options == asked.options()
        and found.data_root == asked.data_folder
        and asked.batch_size in (None, found.batch_size)
    )


def age(run: Run) -> timedelta:
    """How long ago the run was captured."""
    try:
        return datetime.now(UTC) - datetime.fromisoformat(run.captured_at)
    except (ValueError, TypeError):
        raise UsageError(
            f"The record {run.run_id} has no valid captured_at: '{run.captured_at}'. Remove it."
        ) from None


def fresh_or_new(asked: Asked, store: Store) -> Run:
    """A fresh run if there is one, else a new measurement; unreadable records are named."""
    run = fresh_run(asked, store)
    for problem in store.problems:
        output.say(f"! {problem}")
    return run or measure(asked, store)
