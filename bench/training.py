"""A job's training: whole epochs in chunks, with heartbeats, checkpoints and an orderly stop.

Between two chunks, off the clock, the first process tells how far the job is and saves what a
restart goes on from; after the service's signal to stop it saves once more and ends.
"""

import signal
import time
from collections.abc import Callable
from types import FrameType

from bench import torch_facts
from bench.checkpoint import Checkpoints, Position
from bench.disturbance import Block, Neighbours, find_threads
from bench.epochs import CHUNK_SECONDS
from bench.importing import own_place, what
from bench.session import Session
from results.heartbeat import EVERY_SECONDS, Heartbeat
from results.store import utc_now

Tell = Callable[[Heartbeat], None]
Say = Callable[[str], None]
STOPPED = 143  # 128 + SIGTERM: the exit code of a training that was told to stop


class Training:
    """The epochs of a job on one process. `tell` and `say` do nothing on the others."""

    def __init__(
        self,
        session: Session,
        epochs: int,
        checkpoints: Checkpoints | None,
        is_first: bool,
        tell: Tell,
        say: Say,
    ) -> None:
        self.session, self.epochs, self.checkpoints = session, epochs, checkpoints
        self.is_first, self._tell, self._say = is_first, tell, say
        self.position = Position()
        self.started_at = utc_now()
        self._told_seconds = float("-inf")
        self._stopping = False

    def run(self, step_seconds: float) -> list[Block]:
        """Train from a fresh start, or from the checkpoint; the time of each epoch.

        Raises SystemExit(143) after SIGTERM, what can be saved being saved.
        """
        self.session.prepare()
        find_threads()
        if self.checkpoints is not None:
            self._resume(self.checkpoints)
        before = signal.signal(signal.SIGTERM, self._on_signal)
        try:
            self._beat()
            while len(self.position.epochs_done) < self.epochs:
                self._epoch(step_seconds)
            self._beat(at_once=True)
        finally:
            signal.signal(signal.SIGTERM, before)
        return self.position.epochs_done

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _epoch(self, step_seconds: float) -> None:
        """One epoch, or what an interruption has left of it."""
        self._open_epoch()
        position, steps = self.position, self.session.steps_per_epoch
        number = len(position.epochs_done) + 1
        chunk = max(1, round(CHUNK_SECONDS / step_seconds))
        while position.steps_done < steps:
            share = (number - 1 + position.steps_done / steps) / self.epochs
            self.session.progress(f"epoch {number} of {self.epochs}", share)
            count = min(chunk, steps - position.steps_done)
            neighbours = Neighbours.now()
            (block,) = neighbours.judge([self.session.steps(count)], Neighbours.now())
            position.running = position.running.plus(block)
            position.steps_done += count
            if position.steps_done < steps:
                self._between()
        position.epochs_done.append(position.running)
        position.steps_done, position.running = 0, Block(0.0, 0.0, 0, 0.0, 0.0)
        self._between()

    def _open_epoch(self) -> None:
        """Begin the data of an epoch from a seed of its own, so that a restart finds its order.

        The seed is unlike that of any other epoch and process, and of the first weights.
        """
        session, done = self.session, self.position.steps_done
        epoch = len(self.position.epochs_done) + 1
        torch_facts.seed(session.seed + session.processes * epoch)
        resume = getattr(session.workload, "resume_epoch", None)
        if done and resume is not None:
            session.guarded("resume_epoch() of", lambda: resume(done))
        elif done:
            self._say("! this workload has no resume_epoch(): the rest of the epoch is drawn anew")
        elif (begin := getattr(session.workload, "start_epoch", None)) is not None:
            session.guarded("start_epoch() of", begin)

    def _between(self) -> None:
        self.session.tick()
        self._beat()
        if self.checkpoints is not None and (self._stopping or self.checkpoints.due):
            self._save(self.checkpoints)
        if self._stopping:
            self._say("told to stop")
            raise SystemExit(STOPPED)

    def _beat(self, at_once: bool = False) -> None:
        now = time.monotonic()
        if not self.is_first or (not at_once and now - self._told_seconds < EVERY_SECONDS):
            return
        self._told_seconds = now
        position, steps = self.position, self.session.steps_per_epoch
        done = len(position.epochs_done)
        self._tell(
            Heartbeat(
                captured_at=utc_now(),
                epoch=min(done + 1, self.epochs),
                epochs=self.epochs,
                steps_done=done * steps + position.steps_done,
                steps_total=self.epochs * steps,
                started_at=self.started_at,
                training_seconds=position.seconds,
                resumed=position.resumed,
            )
        )

    def _save(self, checkpoints: Checkpoints) -> None:
        state = getattr(self.session.workload, "state", None)
        if state is None or not self.is_first:
            return
        try:
            checkpoints.save(self.position, self.session.guarded("state() of", state))
        except OSError as error:  # a full disk must not end a training that goes on well
            self._say(f"! the checkpoint was not saved: {error.strerror}")

    def _resume(self, checkpoints: Checkpoints) -> None:
        """Go on from the checkpoint if every process has the same one; else begin anew."""
        load_state = getattr(self.session.workload, "load_state", None)
        if load_state is None:
            self._say("! this workload has no state() and load_state(): no checkpoints are kept")
            return
        found = None
        try:
            found = checkpoints.load(self.session.device)
        except ValueError as error:
            self._say(f"! {checkpoints.path} is not used: {error}; starting anew")
        if not _all_have_the_same(found[0] if found else None, self.session) or found is None:
            return
        position, state = found
        try:
            load_state(state)
        except (Exception, SystemExit) as error:  # of torch, or of a user's own code
            self._say(
                f"! {checkpoints.path} does not fit: load_state() of the workload failed"
                f"{own_place(error)} with {what(error)}; starting anew"
            )
            self.session.prepare()
            return
        self.position = position
        position.resumed += 1
        self._say(
            f"going on after {len(position.epochs_done)} epochs and {position.steps_done} steps"
        )


def _all_have_the_same(position: Position | None, session: Session) -> bool:
    """Whether all processes found the same position; compared as numbers, nothing is unpickled."""
    import torch

    if session.processes == 1:
        return position is not None
    own = [-1, -1] if position is None else [len(position.epochs_done), position.steps_done]
    low = torch.tensor(own, device=session.device)
    high = low.clone()
    torch.distributed.all_reduce(low, torch.distributed.ReduceOp.MIN)
    torch.distributed.all_reduce(high, torch.distributed.ReduceOp.MAX)
    return bool((low == high).all()) and int(low[0]) >= 0
