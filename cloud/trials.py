"""Several short jobs at once: all started, all watched, the rest stopped once enough is known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from cloud.collect import Say, collect
from cloud.launch import Order, launch
from cloud.patience import Patient, Pause
from cloud.watch import Live, look
from results.errors import TrainfareError
from results.jobs import JobHandle, Outcome
from results.records import Run
from results.store import Store


@dataclass
class Trial:
    """One short job, from its order to what it measured."""

    client: Patient
    order: Order
    handle: JobHandle | None = None  # None: it could not be started
    outcome: Outcome | None = None
    run: Run | None = None
    told_to_stop: bool = False
    live: Live | None = None  # as it was at the last look

    @property
    def usd_so_far(self) -> Decimal | None:
        """What it has cost, once it has begun to cost anything that is known."""
        if self.outcome is not None:
            return self.outcome.usd
        return self.live.usd_so_far if self.live else None

    @property
    def open(self) -> bool:
        """Whether it is still to be waited for."""
        return self.handle is not None and self.outcome is None


def start(trials: Sequence[Trial], store: Store, budget_usd: Decimal | None, say: Say) -> None:
    """Start each; one that a service refuses is told, and the others run all the same."""
    for trial in trials:
        name = trial.order.request.job_name
        try:
            made = launch(trial.client, trial.order, store, budget_usd, say)
        except TrainfareError as error:
            say(f"! {name} was not started: {error}")
            continue
        trial.handle = made.handle
        say(f"{name}: {'started' if made.is_new else 'found, it was started before'}")


def watch(
    trials: Sequence[Trial],
    store: Store,
    every_seconds: float,
    pause: Pause,
    say: Say,
    enough: Callable[[Sequence[Trial]], bool],
    progress: Callable[[Sequence[Trial]], None] = lambda _: None,
) -> None:
    """Until all have ended. Once `enough` says so, those that still run are told to stop.

    `progress` is told after each look. Each is capped by itself, so nothing is lost where this ends
    early. A service that can't be asked is asked again at the next look.
    """
    while waiting := [trial for trial in trials if trial.open]:
        for trial in waiting:
            _look(trial, store, say)
        progress(trials)
        if enough(trials):
            _stop([t for t in trials if t.open and not t.told_to_stop], say)
        if any(trial.open for trial in trials):
            pause(every_seconds)


def _look(trial: Trial, store: Store, say: Say) -> None:
    handle = trial.handle
    intent = trial.order.intent()
    if handle is None:
        return
    try:
        trial.outcome = collect(trial.client, handle, intent, store, say)
        trial.live = None if trial.outcome else look(trial.client, handle, intent)
    except TrainfareError as error:
        say(f"! {handle.job_name}: {error}")
        return
    if trial.outcome is not None and trial.outcome.state == "succeeded":
        ids = trial.outcome.run_ids
        trial.run = store.find(Run, ids[0]) if ids else None


def _stop(trials: Sequence[Trial], say: Say) -> None:
    for trial in trials:
        if trial.handle is None:
            continue
        trial.told_to_stop = True
        try:
            trial.client.cancel(trial.handle)
            say(f"{trial.handle.job_name}: stopped, it could not change the ranking any more")
        except TrainfareError as error:
            say(f"! {trial.handle.job_name} goes on to its own end: {error}")
