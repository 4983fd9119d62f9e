"""How wrong projections are on data not fitted on: python -m benchmarks.projection_error DATA

DATA holds measurements.csv, sweeps.csv, tasks.csv and truth.csv. Every task is predicted by a law
fitted without its whole suite and without its target device, through the function quotes use.
`with own runs` adds the runs of three models a suite as calibration; those models are not scored.
"""

import math
import sys
from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import mean, median

import numpy as np

from benchmarks import projection_data as data
from benchmarks.projection_fit import fit, observations
from estimators.experience import NO_EXPERIENCE, Experience, learn
from estimators.hardware import find_device
from estimators.law import Law, fitted
from estimators.task_files import Known, Row, read_sweeps
from estimators.tasks import predict

OWN_MODELS = 3
SEEDS = 5
APART = math.log(1.25)
Scored = list[tuple[Row, Row]]  # a truth and its prediction


def laws(folder: Path, truth: list[Row]) -> tuple[dict[tuple[str, str], Law], list[data.Measured]]:
    """A law for every suite and target, fitted without either."""
    measured = data.read(folder)
    pairs, found = data.pairs_of(measured), {}
    for suite, target in sorted({(t["suite"], t["target"]) for t in truth}):
        device = find_device(target)
        known = [p for p in pairs if p.suite != suite and device not in devices(p)]
        law = fit(known)
        of_runs = {
            "own_runs_spread": fitted().own_runs_spread,
            "own_runs_half": fitted().own_runs_half,
        }
        found[suite, target] = replace(law, **of_runs)
    return found, measured


def predictions(
    truth: list[Row], by_split: dict[tuple[str, str], Law], folder: Path, own: list[data.Measured]
) -> Scored:
    sweeps, known = read_sweeps(folder / "sweeps.csv"), {}
    for split, law in by_split.items():
        experience: Experience = learn(observations(law, own), law) if own else NO_EXPERIENCE
        known[split] = Known(sweeps=sweeps, experience=experience, law=law)
    return [(t, predict(t, known[t["suite"], t["target"]])) for t in truth]


def with_all_others(
    truth: list[Row],
    by_split: dict[tuple[str, str], Law],
    folder: Path,
    measured: list[data.Measured],
) -> Scored:
    """Each task with the runs of all other models of its suite: as much as devices can tell."""
    alike: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for t in truth:
        alike[t["suite"], t["model"]].append(t)
    scored = []
    for (suite, model), rows in alike.items():
        own = [m for m in measured if m.suite == suite and m.observation.label != model]
        laws_of_rows = {(suite, t["target"]): by_split[suite, t["target"]] for t in rows}
        scored += predictions(rows, laws_of_rows, folder, own)
    return scored


def log_error(t: Row, p: Row) -> float:
    return math.log(float(p["ms_per_sample"]) / float(t["target_ms_per_sample"]))


def percent(t: Row, p: Row) -> float:
    return 100 * abs(math.expm1(log_error(t, p)))


def covered(t: Row, p: Row) -> bool:
    low, high = float(p["low80_ms_per_sample"]), float(p["high80_ms_per_sample"])
    return low <= float(t["target_ms_per_sample"]) <= high


def factor(p: Row) -> float:
    return math.sqrt(float(p["high80_ms_per_sample"]) / float(p["low80_ms_per_sample"]))


def by_suite(scored: Scored) -> dict[str, Scored]:
    found: dict[str, Scored] = defaultdict(list)
    for t, p in scored:
        found[t["suite"]].append((t, p))
    return dict(sorted(found.items()))


def ordering(scored: Scored) -> tuple[float, int]:
    """Of two targets over 25% apart, how often the right one is called faster."""
    groups: dict[tuple[str, ...], Scored] = defaultdict(list)
    for t, p in scored:
        names = ("suite", "mode", "precision", "model", "batch", "source")
        groups[tuple(t[n] for n in names)].append((t, p))
    right = total = 0
    for group in groups.values():
        for (t, p), (u, q) in combinations(group, 2):
            real = math.log(float(t["target_ms_per_sample"]) / float(u["target_ms_per_sample"]))
            if abs(real) > APART:
                total += 1
                right += real * math.log(float(p["ms_per_sample"]) / float(q["ms_per_sample"])) > 0
    return right / max(total, 1), total


def show(name: str, scored: Scored) -> None:
    kept = [(t, p) for t, p in scored if p["verdict"] == "ok"]
    print(f"\n{name}")
    print(f"{'suite':12}{'tasks':>7}{'mean':>8}{'median':>8}{'within 80%':>12}{'width':>8}")
    rows = []
    for suite, group in by_suite(kept).items():
        errors = [percent(t, p) for t, p in group]
        inside, width = mean(covered(t, p) for t, p in group), median(factor(p) for _, p in group)
        rows.append((mean(errors), median(errors), inside))
        print(f"{suite:12}{len(group):7}{rows[-1][0]:7.1f}%{rows[-1][1]:7.1f}%{inside:12.2f}"
              f"{f'×{width:.2f}':>8}")  # fmt: skip
    launch = [percent(t, p) for t, p in kept if t["stratum"] == "launch-bound"]
    near = by_suite([(t, p) for t, p in kept if same_generation(t)])
    within = [mean(percent(t, p) for t, p in group) for group in near.values()]
    right, compared = ordering(kept)
    held, width = mean(covered(t, p) for t, p in kept), median(factor(p) for _, p in kept)
    means, medians, inside = zip(*rows, strict=True)
    print(f"mean over suites {mean(means):.1f}%, of the medians {mean(medians):.1f}%")
    print(
        f"80% interval holds for {held:.1%}, at least {min(inside):.0%} in a suite; "
        f"median width ×{width:.2f}"
    )
    print(
        f"launch-bound {average(launch)} (n={len(launch)}); within a generation "
        f"{average(within)}; right order {right:.1%} (n={compared}); "
        f"refused {1 - len(kept) / len(scored):.1%}"
    )


def average(errors: list[float]) -> str:
    return f"{mean(errors):.1f}%" if errors else "not tried"


def devices(pair: data.Pair) -> tuple[object, object]:
    return pair.here.observation.accelerator, pair.there.observation.accelerator


def same_generation(t: Row) -> bool:
    here, there = find_device(t["source"]), find_device(t["target"])
    return bool(here and there and here.generation == there.generation)


def main(folder: Path) -> None:
    truth = data.rows_of(folder / "truth.csv")
    by_split, measured = laws(folder, truth)
    show("Target never seen (its suite and the target device left out of the fit)",
         predictions(truth, by_split, folder, []))  # fmt: skip
    show("With every other model of its suite as own runs: what is left is in the model",
         with_all_others(truth, by_split, folder, measured))  # fmt: skip
    with_runs: Scored = []
    without: Scored = []
    for seed in range(SEEDS):
        own, others = split_models(truth, measured, seed)
        with_runs += predictions(others, by_split, folder, own)
        without += predictions(others, by_split, folder, [])
    show(f"With own runs of {OWN_MODELS} models a suite, {SEEDS} draws", with_runs)
    show("The same tasks without them", without)


def split_models(
    truth: list[Row], measured: list[data.Measured], seed: int
) -> tuple[list[data.Measured], list[Row]]:
    """The runs of some models of every suite, and the tasks of all others."""
    rng, chosen = np.random.default_rng(seed), set()
    for suite in sorted({m.suite for m in measured}):
        models = sorted({m.observation.label for m in measured if m.suite == suite})
        chosen |= {(suite, label) for label in rng.choice(models, OWN_MODELS, replace=False)}
    own = [m for m in measured if (m.suite, m.observation.label) in chosen]
    return own, [t for t in truth if (t["suite"], t["model"]) not in chosen]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
