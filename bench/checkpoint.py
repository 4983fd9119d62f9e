"""What an interrupted job goes on from: one file, replaced whole, read without running anything."""

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.disturbance import Block

NAME = "checkpoint.pt"
EVERY_SECONDS = 60.0
SAVE_SHARE = 0.02  # of the job's time at most: a large model is saved more rarely


@dataclass
class Position:
    """How far a training is: whole epochs, and steps of the one that is running."""

    epochs_done: list[Block] = field(default_factory=list)
    steps_done: int = 0  # of the running epoch
    running: Block = field(default_factory=lambda: Block(0.0, 0.0, 0, 0.0, 0.0))  # its time
    resumed: int = 0  # how often the job went on from a checkpoint

    @property
    def seconds(self) -> float:
        """Time of training so far, in seconds."""
        return sum(block.seconds for block in self.epochs_done) + self.running.seconds


class Checkpoints:
    """The folder of one job's checkpoint. `identity` tells jobs apart: another's is not loaded."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path, self.identity = folder / NAME, dict(identity)
        self._due = time.monotonic() + EVERY_SECONDS

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() >= self._due

    def save(self, position: Position, state: Mapping[str, Any]) -> None:
        """Write to a temporary name, flush, replace. Raises OSError, and the old one is whole."""
        import torch

        began = time.monotonic()
        content = {
            "identity": self.identity,
            "epochs_done": [list(block) for block in position.epochs_done],
            "steps_done": position.steps_done,
            "running": list(position.running),
            "resumed": position.resumed,
            "state": state,
        }
        temporary = self.path.with_name(f".{NAME}.tmp")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                torch.save(content, file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self.path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            took = time.monotonic() - began
            self._due = time.monotonic() + max(EVERY_SECONDS, took / SAVE_SHARE)

    def load(self, device: str) -> tuple[Position, Mapping[str, Any]] | None:
        """The position and the workload's state; None where there is no checkpoint.

        Only tensors and plain values are read (`weights_only`), so that the file can't run
        anything. Raises ValueError for one that is broken or of another job.
        """
        import torch

        if not self.path.is_file():
            return None
        try:
            found = torch.load(self.path, map_location=device, weights_only=True)
            position = Position(
                epochs_done=[_block(values) for values in found["epochs_done"]],
                steps_done=int(found["steps_done"]),
                running=_block(found["running"]),
                resumed=int(found["resumed"]),
            )
            identity, state = found["identity"], found["state"]
        except Exception as error:  # torch.load raises whatever the bytes lead it to
            raise ValueError(f"it cannot be read ({type(error).__name__})") from None
        if identity != self.identity:
            raise ValueError("it is that of another job")
        return position, state


def _block(values: Any) -> Block:
    # A probe, if there is one, says nothing of stretches that were joined.
    seconds, cpu_seconds, switches, wait_seconds, steal_seconds, foreign, *_ = values
    block = Block(
        float(seconds),
        float(cpu_seconds),
        int(switches),
        None if wait_seconds is None else float(wait_seconds),
        None if steal_seconds is None else float(steal_seconds),
        bool(foreign),
    )
    if not (0 <= block.seconds < 1e10 and block.cpu_seconds >= 0):
        raise ValueError(f"no time: {block}")
    return block
