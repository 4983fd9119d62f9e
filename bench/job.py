"""`python -m bench.job`: train a job's epochs, time them, keep the record. Runs inside the clouds.

Needs torch, the standard library, `bench` and `results`; under `torchrun` it is data-parallel.
"""

import argparse
import gc
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bench import device, load, runner
from bench.checkpoint import Checkpoints
from bench.findings import Findings
from bench.sampling import Samples
from bench.training import Training
from bench.workload import Workload
from results import codec, heartbeat, units
from results.errors import TrainfareError, UsageError
from results.records import Run
from results.store import Store, utc_now, write_atomically

# The same number on every process: they exchange gradients in each step and wait for each other.
WARMUP_STEPS, TIMED_STEPS = 10, 20


def main(arguments: list[str] | None = None) -> int:
    """Run one job; returns the exit code (0, or the code of the error it printed)."""
    asked = _parser().parse_args(arguments)
    try:
        run = _train(asked)
        if _rank() == 0:
            print(f"kept {Store(asked.out).add(run)}", flush=True)
        _wait_for_all()
    except TrainfareError as error:
        print(f"trainfare: {error}", file=sys.stderr)
        return error.exit_code
    finally:
        _leave_group()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench.job", description=__doc__)
    parser.add_argument("--workload", required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--samples-per-epoch", type=int, required=True)
    parser.add_argument("--batch-size", type=int, required=True, help="on each process")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, help="a folder that outlives an interruption")
    parser.add_argument("--option", action="append", default=[], metavar="NAME=VALUE")
    return parser


def _train(asked: argparse.Namespace) -> Run:
    where = _join_group()
    options = dict(pair.split("=", 1) for pair in asked.option)
    session = runner.Session(
        _sized(load.factory(asked.workload, options), asked.samples_per_epoch),
        where,
        asked.batch_size,
        seed=_rank(),  # every process draws its own batches
        processes=_world_size(),
        progress=_progress_printer(),
    )
    found = Findings(session, asked.workload, {}, session.machine())
    _time_steps(found)
    training = Training(
        session, asked.epochs, _checkpoints(asked), _rank() == 0, _teller(asked.out), _say
    )
    blocks = training.run(found.step_measurement().seconds.mid)
    found.epochs = Samples(blocks, "count")
    if _rank() == 0:
        found.facts["metrics"] = runner.evaluate(found)
    found.facts["processes"] = _world_size()
    if resumed := training.position.resumed:
        found.facts["warnings"] = (f"went on from a checkpoint {units.counted(resumed, 'time')}",)
    return found.run()


def _checkpoints(asked: argparse.Namespace) -> Checkpoints | None:
    if asked.checkpoints is None:
        return None
    names = ("workload", "samples_per_epoch", "batch_size", "option")
    identity = {name: getattr(asked, name) for name in names}
    return Checkpoints(asked.checkpoints, identity | {"processes": _world_size()})


def _teller(out: Path) -> Callable[[heartbeat.Heartbeat], None]:
    """Writes a heartbeat to the log, and to a file where the output place can be seen live."""

    def tell(beat: heartbeat.Heartbeat) -> None:
        print(heartbeat.line(beat), flush=True)
        with suppress(UsageError):  # the log has it; a full disk ends no training
            write_atomically(out / "heartbeat.json", codec.dumps(beat) + "\n")

    return tell


def _say(text: str) -> None:
    if _rank() == 0:
        print(f"{utc_now()} {text}", flush=True)


def _time_steps(found: Findings) -> None:
    """A few single steps after warm-up: what is known before the first epoch has ended."""
    session = found.session
    session.progress("timing steps", 0.0)
    found.warmup = [session.steps(1) for _ in range(WARMUP_STEPS)]
    found.warmup_steps = WARMUP_STEPS
    found.step = Samples([session.steps(1) for _ in range(TIMED_STEPS)], "count", [TIMED_STEPS])


def _sized(make: Callable[[], Workload], samples_per_epoch: int) -> Callable[[], Workload]:
    """The factory with the job's own epoch length."""

    def made() -> Workload:
        workload = make()
        workload.samples_per_epoch = samples_per_epoch
        return workload

    return made


def _join_group() -> str:
    """Join the processes that torchrun started; returns this one's device."""
    import torch

    local = int(os.environ.get("LOCAL_RANK", "0"))
    where = f"cuda:{local}" if torch.cuda.is_available() else "cpu"
    if where != "cpu":
        device.resolve(where)
        torch.cuda.set_device(local)
    if _world_size() > 1:
        try:
            torch.distributed.init_process_group("gloo" if where == "cpu" else "nccl")
        except (RuntimeError, ValueError) as error:
            raise UsageError(f"The {_world_size()} processes could not meet: {error}") from error
    return where


def _wait_for_all() -> None:
    """Nobody leaves while another still needs it: torch aborts a process whose peer has gone."""
    import torch

    if _world_size() > 1:
        torch.distributed.barrier()


def _leave_group() -> None:
    import torch

    # The model under data parallelism holds on to the group, in circles that only this ends: a
    # group that is destroyed under it is joined too late, and the process aborts at its end.
    gc.collect()
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _world_size() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


def _progress_printer() -> runner.Progress:
    """Writes a line for the service's log whenever something new begins, on the first process."""
    begun: set[str] = set()

    def show(text: str, share: float) -> None:
        if text not in begun:
            begun.add(text)
            _say(f"{text} ({share:.0%})")

    return show


if __name__ == "__main__":
    sys.exit(main())
