"""What own runs on several devices say about a pair of devices: by how much the law is off there.

A model that ran on two devices gives a pair; its log error is explained by an effect of each device
and of the pair, each overall and for the mode and precision, shrunk to zero (ridge regression).
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Final, Literal

from estimators.hardware import Accelerator, Precision
from estimators.law import Law, log_factor

Mode = Literal["train", "infer"]
ROUNDS: Final = 40  # of coordinate descent; effects change by under 1% after that
LARGEST_ERROR: Final = 0.7  # of a log: one odd run must not drag a device along
Effect = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One model run on one device. `label` only says which runs are of the same model."""

    label: str
    mode: Mode
    precision: Precision
    batch: int | None
    accelerator: Accelerator
    seconds_per_sample: float
    host_seconds_per_sample: float = 0.0  # what no device changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """Effects of devices and pairs, and how many models ran on both devices of a pair."""

    effects: dict[Effect, float]
    models: dict[Effect, int]  # by pair of chips, and by pair, mode and precision

    def log_shift(self, source: str, target: str, mode: Mode, precision: Precision) -> float:
        """What to add to the log of the law's factor from `source` to `target` (chips)."""
        signed = _effects(source, target, mode, precision)
        return sum(sign * self.effects.get(effect, 0.0) for effect, sign in signed)

    def models_on_both(self, source: str, target: str) -> int:
        """How many models ran on both chips, in any mode and precision."""
        return self.models.get(_ordered(source, target), 0)

    def evidence(self, source: str, target: str, mode: Mode, precision: Precision) -> float:
        """Models on both chips; those of another mode or precision count half."""
        alike = self.models.get((*_ordered(source, target), mode, precision), 0)
        return (alike + self.models_on_both(source, target)) / 2


NO_EXPERIENCE: Final = Experience(effects={}, models={})


@dataclass(frozen=True, slots=True)
class _Pair:
    label: str
    error: float
    signed: tuple[tuple[Effect, int], ...]
    chips: Effect
    kind: Effect  # mode and precision


def learn(observations: Iterable[Observation], law: Law) -> Experience:
    """Fit the effects to all pairs that `observations` make.

    Minimises Σ w·(error − Σ ±effect)² + shrinkage·Σ effect², where the pairs of one model between
    two devices weigh 1 together, so that a sweep counts no more than a single run.
    """
    pairs = list(_pairs(observations, law))
    if not pairs:
        return NO_EXPERIENCE
    same: dict[tuple[object, ...], int] = defaultdict(int)
    labels: dict[Effect, set[str]] = defaultdict(set)
    for pair in pairs:
        same[_weighed(pair)] += 1
        labels[pair.chips].add(pair.label)
        labels[pair.chips + pair.kind].add(pair.label)
    weights = [1 / same[_weighed(pair)] for pair in pairs]
    return Experience(
        effects=_ridge(pairs, weights, law.shrinkage),
        models={chips: len(found) for chips, found in labels.items()},
    )


def _weighed(pair: _Pair) -> tuple[object, ...]:
    return (pair.label, pair.signed)


def _pairs(observations: Iterable[Observation], law: Law) -> Iterator[_Pair]:
    alike: dict[tuple[object, ...], dict[str, Observation]] = defaultdict(dict)
    for o in observations:
        if o.accelerator.projectable:
            alike[(o.label, o.mode, o.precision, o.batch)].setdefault(o.accelerator.chip, o)
    for by_chip in alike.values():
        for here, there in combinations(sorted(by_chip), 2):
            a, b = by_chip[here], by_chip[there]
            yield _Pair(
                label=a.label,
                error=_error(a, b, law),
                signed=tuple(_effects(here, there, a.mode, a.precision)),
                chips=(here, there),
                kind=(a.mode, a.precision),
            )


def _error(a: Observation, b: Observation, law: Law) -> float:
    here = a.seconds_per_sample - a.host_seconds_per_sample
    there = b.seconds_per_sample - b.host_seconds_per_sample
    error = math.log(there / here) - log_factor(law, a.accelerator, b.accelerator, a.precision)
    return min(max(error, -LARGEST_ERROR), LARGEST_ERROR)


def _ordered(source: str, target: str) -> tuple[str, str]:
    return (source, target) if source < target else (target, source)


def _effects(source: str, target: str, mode: str, precision: str) -> Iterator[tuple[Effect, int]]:
    kind = (mode, precision)
    for extra in ((), kind):
        yield (target, *extra), 1
        yield (source, *extra), -1
        yield ("pair", *_ordered(source, target), *extra), 1 if source < target else -1


def _ridge(pairs: list[_Pair], weights: list[float], shrinkage: float) -> dict[Effect, float]:
    """Coordinate descent: each effect in turn becomes its shrunk mean of what is unexplained."""
    used: dict[Effect, list[tuple[int, int]]] = defaultdict(list)
    for i, pair in enumerate(pairs):
        for effect, sign in pair.signed:
            used[effect].append((i, sign))
    totals = {e: sum(weights[i] for i, _ in where) for e, where in used.items()}
    left = [pair.error for pair in pairs]
    effects = dict.fromkeys(used, 0.0)
    for _ in range(ROUNDS):
        for effect, where in used.items():
            pull = sum(sign * left[i] * weights[i] for i, sign in where)
            new = (pull + effects[effect] * totals[effect]) / (totals[effect] + shrinkage)
            change = new - effects[effect]
            effects[effect] = new
            for i, sign in where:
                left[i] -= sign * change
    return effects
