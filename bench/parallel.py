"""Several processes that train together, started by torchrun and watched until none is left."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic, sleep

from bench import stopping
from bench.processes import threads_each
from bench.runner import Progress
from results import codec
from results.errors import NoAnswerError, RecordError, TrainfareError, UsageError
from results.scaling import Scaling

POLL_SECONDS = 0.25
GRACE_SECONDS = 3.0  # to end the round and write the answer when told to stop
END_SECONDS = 3.0  # for torchrun to end its processes before it is killed, and they with it
LEFT_BEHIND = 86  # exit code of a process whose partner has gone
STOP, ANSWER, PROGRESS, END = "stop", "scaling.json", "progress", "end-"
# What torchrun starts. No forks on GPUs: it looks for GPUs itself, and after that no fork of it can
# use them.
STARTED = {
    "cpu": (
        *("--start-method", "fork"),
        *("--run-path", str(Path(__file__).parent / "parallel_worker.py")),
    ),
    "cuda": ("-m", "bench.parallel_worker"),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """What every process is told, as JSON."""

    workload: str
    folder: str  # where they answer
    device: str  # `cpu` or `cuda`
    threads: int
    max_seconds: float
    batch_size: int | None = None
    seed: int = 0
    options: Mapping[str, str | None] = field(default_factory=dict)


def measure_scaling(
    workload: str,
    processes: int,
    device: str,
    max_seconds: float,
    progress: Progress,
    *,
    batch_size: int | None = None,
    threads: int | None = None,
    seed: int = 0,
    options: Mapping[str, str | None] | None = None,
) -> Scaling:
    """Steps of `processes` data-parallel processes against one alone, interleaved.

    Each process keeps its whole batch (weak scaling). Raises NoAnswerError where a process dies,
    UsageError where the workload itself is at fault, and KeyboardInterrupt if stopped before the
    first round; after it the rounds so far are returned, marked `interrupted`.
    """
    with tempfile.TemporaryDirectory(prefix="trainfare-") as folder:
        task = Task(
            workload=workload,
            folder=folder,
            device="cpu" if device == "cpu" else "cuda",
            threads=threads_each(processes, threads),
            max_seconds=max_seconds,
            batch_size=batch_size,
            seed=seed,
            options=dict(options or {}),
        )
        with (Path(folder) / "log").open("w", encoding="utf-8") as log:
            code, interrupted = _run(task, processes, log.fileno(), progress)
        answer = Path(folder) / ANSWER
        if answer.exists() and (code == 0 or interrupted):
            return _read(answer)
        if interrupted:
            raise KeyboardInterrupt
        raise _failure(Path(folder), processes, workload)


def _read(path: Path) -> Scaling:
    try:
        return codec.loads(path.read_text(encoding="utf-8"), Scaling)
    except RecordError as error:
        raise NoAnswerError(f"The processes gave no usable answer ({error}). Try again.") from None


def _run(task: Task, processes: int, log: int, progress: Progress) -> tuple[int, bool]:
    """torchrun's exit code and whether a signal ended it; nothing of it runs any more then."""
    command = [
        *(sys.executable, "-m", "bench.parallel_agent", "--standalone", "--max-restarts", "0"),
        *("--nproc-per-node", str(processes)),
        *("--log-dir", task.folder),  # or it makes a folder under /tmp, which it leaves there
        *STARTED[task.device],
        json.dumps(asdict(task)),
    ]
    # Read by OpenMP and MKL when they load, before torch.set_num_threads can speak.
    env = os.environ | {"OMP_NUM_THREADS": str(task.threads), "MKL_NUM_THREADS": str(task.threads)}
    running: subprocess.Popen[bytes] | None = None
    interrupted = False
    try:
        # A session of its own: Ctrl-C at the terminal reaches only us, and we tell them.
        with stopping.held():  # or it would run on, unknown to us
            running = subprocess.Popen(
                command,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _watch(running, Path(task.folder), progress)
    except KeyboardInterrupt:
        interrupted = True
        (Path(task.folder) / STOP).touch()
        if running is not None and (Path(task.folder) / PROGRESS).exists():
            _wait(running, GRACE_SECONDS)  # or they have not begun, and have nothing to answer
    finally:
        if running is not None:
            _end(running)
    return (1 if running is None else running.returncode), interrupted


def _watch(running: subprocess.Popen[bytes], folder: Path, progress: Progress) -> None:
    """Pass on what the first process says it does until all have ended."""
    said = ""
    while running.poll() is None:
        stopping.check()
        path = folder / PROGRESS
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if text != said and (match := re.fullmatch(r"([\d.]+) (.+)", said := text)):
            progress(match[2], float(match[1]))
        sleep(POLL_SECONDS)


def _wait(running: subprocess.Popen[bytes], seconds: float) -> None:
    end = monotonic() + seconds
    while running.poll() is None and monotonic() < end:
        sleep(0.05)


def _end(running: subprocess.Popen[bytes]) -> None:
    """torchrun ends its processes when told to; each of them dies with it in any case."""
    with stopping.held():
        if running.poll() is None:
            running.terminate()
            _wait(running, END_SECONDS)
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


def _failure(folder: Path, processes: int, workload: str) -> TrainfareError:
    """One sentence on why they ended, from the first that knew it."""
    told = sorted(folder.glob("error-*"), key=lambda path: path.stat().st_mtime_ns)
    if told:
        return UsageError(told[0].read_text(encoding="utf-8"))
    paths = sorted(folder.glob(f"{END}*"))
    ends = [(path.name.removeprefix(END), int(path.read_text(encoding="utf-8"))) for path in paths]
    own = [end for end in ends if end[1] not in (LEFT_BEHIND, -signal.SIGTERM)]
    if not own:
        log = (folder / "log").read_text(encoding="utf-8", errors="replace")
        lines = [line for line in log.splitlines() if "Error" in line]
        why = f" ({lines[-1].strip()[:200]})" if lines else ""
        return NoAnswerError(f"The {processes} processes of {workload} ended unasked{why}.")
    # gloo aborts a process whose partner has gone: that is the cause only where there is no other.
    rank, code = next((end for end in own if end[1] != -signal.SIGABRT), own[0])
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    hint = " Was there memory enough for all?" if code == -signal.SIGKILL else ""
    return NoAnswerError(
        f"Process {rank} of {processes} of {workload} {how}, so all were ended and nothing was "
        f"kept.{hint} Try fewer --processes, or measure without it."
    )
