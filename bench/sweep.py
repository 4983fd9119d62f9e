"""The same workload at several batch sizes: what a step takes, and which no longer fits."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bench import proc, runner, torch_facts
from bench.sampling import PRECISION
from bench.session import Make, OutOfMemoryError, Progress, Session
from results.errors import UsageError
from results.records import SweepPoint
from results.units import bytes_text

PASSES = 2  # up and down again: a drift of the machine then hits all sizes alike


class InterruptedSweep(KeyboardInterrupt):
    """Ctrl-C in the middle of a sweep; what was measured comes with it."""

    def __init__(self, points: tuple[SweepPoint, ...]) -> None:
        super().__init__()
        self.points = points


@dataclass
class _Point:
    seconds: list[float] = field(default_factory=list)
    contended: bool = False
    peak_memory_bytes: int | None = None
    problem: str | None = None

    def record(self, batch_size: int) -> SweepPoint:
        return SweepPoint(
            batch_size=batch_size,
            step_seconds=tuple(self.seconds),
            contended=self.contended,
            peak_memory_bytes=self.peak_memory_bytes,
            problem=self.problem,
        )


def sweep(
    make: Make,
    device: str,
    batch_sizes: Sequence[int],
    max_seconds: float,
    progress: Progress,
    threads: int | None = None,
    seed: int = 0,
    precision: float = PRECISION,
) -> tuple[SweepPoint, ...]:
    """Step times at each batch size, smallest first; each is visited twice, up and down again.

    A size that does not fit into memory is a point with a problem; its memory is given back and
    larger sizes are not tried. On a processor, where the kernel would end the program, a size is
    not tried either that by the sizes before it would pass what memory is free. Raises UsageError
    for a size larger than an epoch, and where the workload itself fails; and InterruptedSweep with
    the points so far after Ctrl-C.
    """
    sizes = sorted(set(batch_sizes))
    points = {size: _Point() for size in sizes}
    visits = [*sizes, *reversed(sizes)]
    start_bytes = proc.memory_bytes()
    for number, size in enumerate(visits):
        point = points[size]
        if device == "cpu" and not point.seconds and not point.problem:
            point.problem = _beyond_memory(points, size, start_bytes)
        if point.problem:
            continue
        try:
            progress(f"batch {size}", number / len(visits))
            _visit(point, make, device, size, max_seconds / len(visits), threads, seed, precision)
        except KeyboardInterrupt:
            taken = [size for size in sizes if points[size].seconds or points[size].problem]
            raise InterruptedSweep(tuple(points[size].record(size) for size in taken)) from None
        except OutOfMemoryError:
            torch_facts.empty_cache(device)
            point.problem = "out of memory"
            for larger in sizes[sizes.index(size) + 1 :]:
                points[larger].problem = f"not tried: {size} ran out of memory"
    return tuple(point.record(size) for size, point in points.items())


def _beyond_memory(points: dict[int, _Point], size: int, start_bytes: int | None) -> str | None:
    """Why a batch of `size` would not fit into the machine's memory, or None.

    The peak goes with the batch as between the two sizes before; with one alone as if all that came
    since the start did.
    """
    peaks = [(s, p.peak_memory_bytes) for s, p in points.items() if p.peak_memory_bytes]
    free, held = proc.free_memory_bytes(), proc.memory_bytes()
    if not peaks or free is None or held is None or start_bytes is None:
        return None
    (low, low_bytes), (high, high_bytes) = [(0, start_bytes), *peaks][-2:]
    needed = high_bytes + (high_bytes - low_bytes) * (size - high) // (high - low) - held
    if needed <= free:
        return None
    return f"not tried: needs {bytes_text(needed)} more, {bytes_text(free)} are free"


def check_sizes(batch_sizes: Sequence[int], samples_per_epoch: int) -> None:
    """Whether an epoch holds a batch of each size. Raises UsageError."""
    if max(batch_sizes) > samples_per_epoch:
        raise UsageError(
            f"A batch of {max(batch_sizes)} is larger than an epoch of {samples_per_epoch} "
            "samples. Leave it out of --batch-sizes."
        )


def _visit(
    point: _Point,
    make: Make,
    device: str,
    size: int,
    max_seconds: float,
    threads: int | None,
    seed: int,
    precision: float,
) -> None:
    torch_facts.reset_peak_memory(device)
    session = Session(make, device, size, threads, seed)
    try:
        check_sizes([size], session.workload.samples_per_epoch)
        step = runner.measure_step(session, max_seconds, precision)
    finally:
        session.release()
    point.seconds += step.sample_seconds
    point.contended = point.contended or step.verdict == "contended"
    peak = torch_facts.peak_memory_bytes(device)
    point.peak_memory_bytes = max(peak or 0, point.peak_memory_bytes or 0) or None
