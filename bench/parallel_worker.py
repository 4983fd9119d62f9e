"""One of several processes that train together: `python -m bench.parallel_worker TASK`.

Started by `bench.parallel` through torchrun. The first process tells how far they are and writes
the answer; each writes its own mistake into a file, for what torchrun prints is for programmers.
"""

import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter
from typing import Any, Literal, get_args

import torch
import torch.distributed as dist

from bench import load, runner
from bench.disturbance import Block, disturbed, find_threads
from bench.parallel import ANSWER, END, LEFT_BEHIND, PROGRESS, STOP, Task
from bench.proc import busy_seconds
from bench.processes import die_with_parent
from results import codec
from results.errors import TrainfareError, UsageError
from results.scaling import Scaling
from results.statistics import median_interval, relative_half_width
from results.store import write_atomically

BLOCK_SECONDS = 0.02  # long against the few ten µs that starting together may be off
WARMUP_SECONDS, WARMUP_STEPS = 0.5, 10  # DDP rearranges its buckets in the second step
MIN_ROUNDS, CHECK_ROUNDS, MAX_ROUNDS = 20, 10, 2000
PRECISION = 0.01  # half width of the efficiency's interval at which to stop
Reason = Literal["", "precise", "time", "interrupted"]
REASONS: tuple[Reason, ...] = get_args(Reason)
PATIENCE = timedelta(seconds=120)  # with a partner that does not answer


def main(text: str) -> int:
    """Have a process take part in the task, and keep how it ends: torchrun tells of one end only.

    Returns its exit code, which tells torchrun to end the others.
    """
    task, rank = Task(**json.loads(text)), int(os.environ["RANK"])
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # a fork of torchrun has its handlers
    process = os.fork()
    if not process:
        die_with_parent()
        os._exit(_take_part(task, rank))
    signal.signal(signal.SIGTERM, lambda number, _: os.kill(process, number))
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    write_atomically(Path(task.folder) / f"{END}{rank}", str(code))
    return abs(code)


def _take_part(task: Task, rank: int) -> int:
    """The exit code tells whose fault an end was."""
    try:
        scaling = _measure(task, rank)
        if rank == 0:
            write_atomically(Path(task.folder) / ANSWER, codec.dumps(scaling))
        dist.destroy_process_group()
    except Exception as error:
        if _partner_has_gone(error):
            return LEFT_BEHIND
        if not isinstance(error, TrainfareError):
            error = UsageError(f"Process {rank} failed with {type(error).__name__}: {error}"[:300])
        write_atomically(Path(task.folder) / f"error-{rank}", str(error))
        return 1
    return 0


def _partner_has_gone(error: BaseException | None) -> bool:
    """Whether the error only says that another process broke off."""
    while error is not None:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            return True
        error = error.__cause__
    return False


def _measure(task: Task, rank: int) -> Scaling:
    make = load.factory(task.workload, task.options)
    torch.set_num_threads(task.threads)
    device = "cpu" if task.device == "cpu" else f"cuda:{os.environ['LOCAL_RANK']}"
    if device != "cpu":
        torch.cuda.set_device(device)
    # Before they meet, or it would be wrapped for data parallelism like the others.
    given = (make, device, task.batch_size, task.threads)
    alone = None if rank else runner.Session(*given, task.seed)
    backend = "gloo" if device == "cpu" else "nccl"
    dist.init_process_group(backend, timeout=PATIENCE)
    processes = dist.get_world_size()
    together = runner.Session(*given, task.seed + rank, processes)
    rounds = _Rounds(task, alone, together)
    rounds.warm_up()
    reason = rounds.run()
    return Scaling(
        processes=processes,
        backend=backend,  # type: ignore[arg-type]  # one of the two
        threads=task.threads,
        batch_size=together.workload.samples_per_step,
        steps_per_block=rounds.steps,
        single_block_seconds=tuple(b.seconds for b in rounds.singles),
        parallel_block_seconds=tuple(rounds.slowest),
        disturbed=disturbed(rounds.singles),
        foreign_cores=rounds.foreign_cores(),
        stopped_because=reason,  # type: ignore[arg-type]  # not the empty one
    )


class _Rounds:
    """Blocks of one alone and of all together, in turn and in changing order (ABBA).

    Only the first process has something to train alone.
    """

    def __init__(self, task: Task, alone: runner.Session | None, together: runner.Session) -> None:
        self.task, self.alone, self.together = task, alone, together
        # By gloo, which waits without a processor; typed, for this process is always a member.
        self.talk: Any = dist.new_group(backend="gloo", timeout=PATIENCE)
        self.steps = 1
        self.singles: list[Block] = []  # of the first process, empty on the others
        self.busy: list[tuple[float | None, float | None]] = []  # before and after each of them
        self.slowest: list[float] = []  # seconds of a block together on the slowest process
        self.end = perf_counter() + task.max_seconds

    def warm_up(self) -> None:
        """Until both have settled; then the steps of a block are the same number for all."""
        self._say("warming up together", 0.0)
        start, seconds = perf_counter(), 1.0
        while self._agree(perf_counter() - start < WARMUP_SECONDS):
            self._alone(WARMUP_STEPS)
            seconds = self._together(WARMUP_STEPS).seconds / WARMUP_STEPS
        self.steps = self._agree(max(1, round(BLOCK_SECONDS / max(seconds, 1e-7))))

    def run(self) -> Reason:
        """Rounds until the efficiency is known to ±1% or time is up; returns why they ended."""
        find_threads()
        found = 0
        while not found:
            order = (self._round_alone, self._round_together)
            for part in order if len(self.slowest) % 2 else reversed(order):
                part()
            if len(self.slowest) % CHECK_ROUNDS == 0:
                left = self.end - perf_counter()
                self._say("timing steps together", 1 - left / self.task.max_seconds)
                precise = self._is_precise()
            else:
                precise = False
            found = self._agree(self._why_stop(precise))
        return REASONS[found]

    def _why_stop(self, precise: bool) -> int:
        """The number of the reason, as the first process sees it; 0 to go on."""
        if (Path(self.task.folder) / STOP).exists():
            return REASONS.index("interrupted")
        if perf_counter() >= self.end or len(self.slowest) >= MAX_ROUNDS:
            return REASONS.index("time")
        return REASONS.index("precise") if precise else 0

    def _is_precise(self) -> bool:
        bad = disturbed(self.singles)  # of none on all but the first process
        pairs = zip(self.singles, self.slowest, bad, strict=False)
        kept = [one.seconds / together for one, together, is_bad in pairs if not is_bad]
        return len(kept) >= MIN_ROUNDS and relative_half_width(median_interval(kept)) <= PRECISION

    def foreign_cores(self) -> float | None:
        """Processors that others used while the first process trained alone, on average."""
        if not self.singles:
            return None
        busy = 0.0
        for before, after in self.busy[-len(self.singles) :]:  # the first ones were warm-up
            if before is None or after is None:
                return None
            busy += after - before
        own = sum(block.cpu_seconds for block in self.singles)
        return max(0.0, busy - own) / sum(block.seconds for block in self.singles)

    def _round_alone(self) -> None:
        block = self._alone(self.steps)
        if block:
            self.singles.append(block)

    def _round_together(self) -> None:
        block = self._together(self.steps)
        slowest = torch.tensor([block.seconds], dtype=torch.float64)
        dist.all_reduce(slowest, dist.ReduceOp.MAX, self.talk)
        self.slowest.append(float(slowest[0]))

    def _alone(self, steps: int) -> Block | None:
        """A block of the first process while the others wait; None for them."""
        dist.barrier(self.talk)
        block = None
        if self.alone:
            before = busy_seconds()
            block = self.alone.steps(steps)
            self.busy.append((before, busy_seconds()))
        dist.barrier(self.talk)
        return block

    def _together(self, steps: int) -> Block:
        """This process's part of a block of all."""
        dist.barrier(self.talk)
        return self.together.steps(steps)

    def _agree(self, value: int) -> int:
        """What the first process says, known to all."""
        box = torch.tensor([value])
        dist.broadcast(box, 0, self.talk)
        return int(box[0])

    def _say(self, text: str, share: float) -> None:
        if self.alone:
            share = min(1.0, max(0.0, share))
            write_atomically(Path(self.task.folder) / PROGRESS, f"{share:.3f} {text}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
