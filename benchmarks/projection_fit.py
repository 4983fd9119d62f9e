"""Fit the law from GPU to GPU on public measurements: python -m benchmarks.projection_fit DATA

DATA holds measurements.csv and sweeps.csv. Writes estimators/data/projection.json: coefficients and
where they come from, not the rows (some state no licence). Deterministic.
"""

import json
import math
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from benchmarks import projection_data as data
from estimators.experience import Observation, learn
from estimators.hardware import Precision
from estimators.law import FITTED, RATES, Law, log_factor, log_spread
from estimators.step import narrowing, observed

PRECISIONS: tuple[Precision, ...] = ("fp32", "tf32", "half")
HUBER = 0.2  # log error from which on a pair pulls no harder
POOLING = 0.05  # ridge of a precision's own exponents towards the shared ones
SHARED_RIDGE = 1e-3
STEPS = 12
COVERAGE = 0.8
NARROWEST = 0.08  # log half width below which no claim is made
MODELS_TRIED = (1, 2, 3, 5)
TRIALS = 5
# Chosen by leaving suites out, on a coarse grid (docs/projection.md), not fitted row by row.
START = Law(
    exponents=dict.fromkeys(PRECISIONS, (0.5, 0.5, 0.0)),
    host_cap_seconds=0.008,
    spread=(0.3, 0.0, 0.0),
    short_step_seconds=0.02,
    unknown_step_share=0.2,
    own_runs_spread=1.0,
    own_runs_half=1.0,
    shrinkage=4.0,
)


def fit(pairs: list[data.Pair]) -> Law:
    """Exponents and spread on `pairs`, each suite counting the same."""
    law = replace(START, exponents=exponents(pairs))
    return replace(law, spread=spread(law, left_out_errors(pairs), pairs))


def exponents(pairs: list[data.Pair]) -> dict[Precision, tuple[float, float, float]]:
    """Huber regression of log time on log rates; precisions share what their data can't tell."""
    gains = np.array([data.gains(p) for p in pairs])
    kinds = np.array([PRECISIONS.index(p.here.observation.precision) for p in pairs])
    own = [gains * (kinds == k)[:, None] for k in range(len(PRECISIONS))]
    x = np.concatenate([gains, *own], axis=1)
    seconds = [
        (data.device_seconds(START, p.there), data.device_seconds(START, p.here)) for p in pairs
    ]
    y = np.array([math.log(there / here) for there, here in seconds])
    n = len(RATES)
    ridge = np.diag([SHARED_RIDGE] * n + [POOLING] * n * len(PRECISIONS))
    weight, robust = data.weights(pairs), np.ones(len(y))
    for _ in range(STEPS):
        w = weight * robust
        beta = np.linalg.solve(x.T @ (x * w[:, None]) + ridge, x.T @ (w * y))
        robust = np.minimum(1, HUBER / np.maximum(np.abs(y - x @ beta), 1e-9))
    each = -(beta[:n] + beta[n:].reshape(len(PRECISIONS), n))
    return {
        p: tuple(round(max(0.0, float(v)), 4) for v in each[k])  # type: ignore[misc]
        for k, p in enumerate(PRECISIONS)
    }


def error(law: Law, pair: data.Pair) -> float:
    """log(measured / projected) of the device's part."""
    here, there = pair.here.observation, pair.there.observation
    real = math.log(data.device_seconds(law, pair.there) / data.device_seconds(law, pair.here))
    return real - log_factor(law, here.accelerator, there.accelerator, here.precision)


def left_out_errors(pairs: list[data.Pair]) -> np.ndarray:
    """Errors of each suite under the exponents of all others."""
    found = np.zeros(len(pairs))
    for suite in sorted({p.suite for p in pairs}):
        law = replace(START, exponents=exponents([p for p in pairs if p.suite != suite]))
        for i, pair in enumerate(pairs):
            if pair.suite == suite:
                found[i] = error(law, pair)
    return found


def spread(law: Law, errors: np.ndarray, pairs: list[data.Pair]) -> tuple[float, float, float]:
    """The 80% quantile of |error| by distance and step length, then scaled to be conformal."""
    units = [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)]
    z = np.array([[_spread(replace(law, spread=u), p) for u in units] for p in pairs])  # type: ignore[arg-type]
    size, weight = np.abs(errors), data.weights(pairs)
    theta = np.array([0.3, 0.0, 0.0])
    for _ in range(200):  # pinball loss by reweighted least squares
        off = size - z @ theta
        w = np.where(off > 0, COVERAGE, 1 - COVERAGE) * weight / np.maximum(np.abs(off), 1e-3)
        theta = np.linalg.solve(z.T @ (z * w[:, None]) + 1e-9 * np.eye(3), z.T @ (w * size))
        theta = np.maximum(theta, 0.0)
    theta[0] = max(theta[0], NARROWEST)
    scaled = theta * quantile(size / (z @ theta), weight)
    return tuple(round(float(v), 4) for v in scaled)  # type: ignore[return-value]


def _spread(law: Law, pair: data.Pair) -> float:
    here, there = pair.here.observation, pair.there.observation
    batch = here.batch
    step = None if batch is None else batch * math.sqrt(
        here.seconds_per_sample * there.seconds_per_sample
    )  # fmt: skip
    return log_spread(law, here.accelerator, there.accelerator, here.precision, step)


def quantile(values: np.ndarray, weight: np.ndarray) -> float:
    """The weighted 80% quantile."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order][np.searchsorted(total, COVERAGE * total[-1])])


def fit_own_runs(law: Law, pairs: list[data.Pair], measured: list[data.Measured]) -> Law:
    """How much of the spread is left after N own models ran on both devices, by trying it."""
    left = {n: [] for n in MODELS_TRIED}  # type: dict[int, list[float]]
    suites = sorted({p.suite for p in pairs})
    models = {s: sorted({m.observation.label for m in measured if m.suite == s}) for s in suites}
    laws = {
        s: replace(law, exponents=exponents([p for p in pairs if p.suite != s])) for s in suites
    }
    for trial in range(TRIALS):
        order = {s: np.random.default_rng(trial).permutation(models[s]) for s in suites}
        for n in MODELS_TRIED:
            own = {(s, label) for s in suites for label in order[s][:n]}
            for suite in suites:
                left[n].append(_left(laws[suite], suite, own, pairs, measured))
    share = [float(np.mean(left[n])) for n in MODELS_TRIED]
    grid = [(r, h) for r in np.arange(0.2, 1.0, 0.01) for h in np.arange(0.1, 4.0, 0.05)]

    def off(guess: tuple[float, float]) -> float:
        tried = replace(law, own_runs_spread=guess[0], own_runs_half=guess[1])
        return sum((s - narrowing(tried, n)) ** 2 for n, s in zip(MODELS_TRIED, share, strict=True))

    rest, half = min(grid, key=off)
    return replace(law, own_runs_spread=round(float(rest), 3), own_runs_half=round(float(half), 3))


def observations(law: Law, measured: list[data.Measured]) -> list[Observation]:
    """As `trainfare project --calibration` reads them."""
    return [observed(m.observation, m.fixed_seconds, law) for m in measured]


def _left(
    law: Law,
    suite: str,
    own: set[tuple[str, str]],
    pairs: list[data.Pair],
    measured: list[data.Measured],
) -> float:
    known = [m for m in measured if (m.suite, m.observation.label) in own]
    experience = learn(observations(law, known), law)
    test = [p for p in pairs if p.suite == suite and (suite, p.here.observation.label) not in own]
    ratios = []
    for p in test:
        a, b = p.here.observation, p.there.observation
        shift = experience.log_shift(a.accelerator.chip, b.accelerator.chip, a.mode, a.precision)
        if experience.models_on_both(a.accelerator.chip, b.accelerator.chip):
            ratios.append(abs(error(law, p) - shift) / _spread(law, p))
    return quantile(np.array(ratios), np.ones(len(ratios))) if ratios else 1.0


def main(folder: Path) -> None:
    measured = data.read(folder)
    pairs = data.pairs_of(measured)
    law = fit_own_runs(fit(pairs), pairs, measured)
    plain = asdict(law)
    plain["exponents"] = {p: dict(zip(RATES, e, strict=True)) for p, e in law.exponents.items()}
    text = json.dumps(
        {
            "made_by": "python -m benchmarks.projection_fit DATA",
            "law": plain,
            "fitted_on": {"pairs": len(pairs), **data.provenance(folder)},
        },
        indent=1,
    )
    FITTED.write_text(text + "\n", encoding="utf-8")
    print(f"{len(pairs):,} pairs, written to {FITTED}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
