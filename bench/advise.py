"""Try the changes that usually pay, one at a time and the best together, against the plain job."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter

from bench import machine, runner, torch_facts
from bench.held import NotTriedError
from bench.session import OutOfMemoryError, problem
from bench.trials import Side, check, in_turn
from bench.variants import Variant, dropouts, variants
from bench.workload import TorchWorkload, Workload
from results.advice import CONTROL, Advice, Check, Trial
from results.errors import TrainfareError, UsageError
from results.records import Run
from results.store import new_id, utc_now

MIN_COMPILE_SECONDS = 30.0  # compiling takes that long before it can pay
MIN_TRIAL_SECONDS = 0.4  # both warm-ups and a dozen rounds of 20 ms
NOTHING = Variant(name=CONTROL, change="the plain job against itself: the noise", torch_only=False)


@dataclass
class Trying:
    """The plain job and the trials so far."""

    plain: runner.Session
    run: Run  # the measurement of the plain job
    max_seconds: float
    trials: list[Trial] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.threads = self.plain.threads or torch_facts.threads() or 1
        here = self.run.machine
        self.planned = variants(
            here.device, machine.usable_cpu_count(), self.threads, here.device_memory_bytes
        )
        self.spent = 0.0  # seconds of timing; building and compiling come on top
        self.left = len(self.planned) + 3  # the control before, two sets of changes after

    def advice(self, partial: bool) -> Advice:
        """What was found so far, as a record."""
        return Advice(
            advice_id=new_id(self.run.workload.name),
            captured_at=utc_now(),
            run_id=self.run.run_id,
            workload=self.run.workload,
            machine=self.run.machine,
            trials=tuple(self.trials),
            partial=partial,
        )


def advise(plain: runner.Session, run: Run, max_seconds: float) -> Advice:
    """Try each change on the workload of `plain`, which `run` has measured.

    Each is timed in blocks beside plain ones, `max_seconds` in all; the first trial changes nothing
    and shows the noise. Those that are faster beyond it and still learn the same are then tried
    together. Ctrl-C returns what was found so far, marked partial. Raises UsageError where the
    plain workload fails.
    """
    trying = Trying(plain, run, max_seconds)
    try:
        _try(trying, [NOTHING])
        for variant in trying.planned:
            _try(trying, [variant])
        for together in _together(trying):
            _try(trying, together)
    except KeyboardInterrupt:
        if len(trying.trials) < 2:
            raise
        return trying.advice(partial=True)
    return trying.advice(partial=False)


def _together(trying: Trying) -> Iterator[list[Variant]]:
    """The changes that paid, without and with a larger batch; of a group the best one."""
    found = trying.advice(partial=True)
    best: dict[str, tuple[float, Variant]] = {}
    for variant, trial in zip(trying.planned, trying.trials[1:], strict=True):
        gain, wrong = trial.speed_up, trial.check is not None and not trial.check.passed
        if gain is None or found.gain(trial) != "faster" or wrong:
            continue
        group = variant.excludes or variant.name
        if group not in best or gain.mid > best[group][0]:
            best[group] = gain.mid, variant
    chosen = [v for v in trying.planned if best.get(v.excludes or v.name, (0, None))[1] is v]
    same = [v for v in chosen if v.batch_factor == 1]
    if len(same) > 1:
        yield same
    if len(chosen) > len(same) > 0:
        yield chosen


def _try(trying: Trying, changes: list[Variant]) -> None:
    name = " + ".join(v.name for v in changes)
    change = "; ".join(v.change for v in changes)
    share = len(trying.trials) / (len(trying.planned) + 3)
    trying.plain.progress(f"trying {name}", min(1.0, share))
    try:
        trial = _trial(trying, changes, Trial(name=name, change=change))
    except NotTriedError as reason:
        trial = Trial(name=name, change=change, not_tried=str(reason))
    except UsageError as error:
        if changes == [NOTHING]:
            raise  # not the change's fault
        trial = Trial(name=name, change=change, not_tried=_why(error))
    trying.trials.append(trial)
    trying.left -= 1


def _trial(trying: Trying, changes: list[Variant], trial: Trial) -> Trial:
    plain = trying.plain
    make = _changed(plain.make, changes)
    if any(v.name == "torch.compile" for v in changes) and trying.max_seconds < MIN_COMPILE_SECONDS:
        raise NotTriedError(f"it needs --max-seconds {MIN_COMPILE_SECONDS:.0f} or more")
    threads = next((v.threads for v in changes if v.threads), trying.threads)
    factor = math.prod(v.batch_factor for v in changes)
    start = perf_counter()
    session = runner.Session(
        make, plain.device, plain.workload.samples_per_step * factor, threads, plain.seed
    )
    sides = Side(plain, trying.threads), Side(session, threads)
    session.steps(1)
    setup = perf_counter() - start
    started = perf_counter()
    share = (trying.max_seconds - trying.spent) / max(1, trying.left)
    bad = in_turn(*sides, max(MIN_TRIAL_SECONDS, share))
    trying.spent += perf_counter() - started
    checked, note = _check(trying, changes, make, threads)
    return replace(
        trial,
        plain_sample_seconds=tuple(sides[0].sample_seconds),
        changed_sample_seconds=tuple(sides[1].sample_seconds),
        disturbed=bad,
        setup_seconds=setup,
        check=checked,
        check_note=note,
    )


def _check(
    trying: Trying, changes: list[Variant], make: Callable[[], Workload], threads: int
) -> tuple[Check | None, str | None]:
    """The numerical check, or why there is none."""
    notes = [v.note for v in changes if v.note]
    tolerances = [v.tolerance for v in changes]
    if None in tolerances:
        return None, "; ".join(notes) or None
    workload = trying.plain.workload
    if not isinstance(workload, TorchWorkload):
        return None, "not checked: only a TorchWorkload tells its loss"
    if any(v.name == "torch.compile" for v in changes) and any(dropouts(workload.model)):
        return None, "not checked: compiled dropout draws other numbers"
    limit = max(t for t in tolerances if t is not None)
    return check(trying.plain.make, make, trying.plain, limit, threads), None


def _why(error: UsageError) -> str:
    """What went wrong with the change, in a few words."""
    cause = error.__cause__
    if cause is None or isinstance(error, OutOfMemoryError):
        return str(error)
    text = str(cause).strip().splitlines()
    return f"it failed with {type(cause).__name__}" + (f": {text[0][:120]}" if text else "")


def _changed(plain: Callable[[], Workload], changes: list[Variant]) -> Callable[[], Workload]:
    def made() -> Workload:
        workload = plain()
        for variant in changes:
            if not variant.torch_only:
                continue
            if not isinstance(workload, TorchWorkload):
                raise NotTriedError("it can be applied to a TorchWorkload only")
            try:
                workload = variant.apply(workload)
            except (NotTriedError, TrainfareError):
                raise
            except Exception as error:  # a user's own samples or optimizer, used in a new way
                raise problem("changing", workload, error) from error
        return workload

    return made
