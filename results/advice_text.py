"""What `advise` found as rows for JSON, as a table and as sentences."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from results import units
from results.advice import Advice, Check, Trial
from results.records import Estimate, UsdInterval
from results.rows import Row, interval_row, usd_row
from results.table_style import plain_table
from results.tables import instance_text

if TYPE_CHECKING:
    from rich.table import Table

Savings = Mapping[str, UsdInterval]  # by the name of the trial
NO_SAVINGS: Savings = {}


def advice_rows(advice: Advice, savings: Savings) -> list[Row]:
    """One row a trial; `speed_up_ratio` is samples a second changed / plain, a 99% interval."""
    return [_row(advice, trial, savings) for trial in advice.trials]


def _row(advice: Advice, trial: Trial, savings: Savings) -> Row:
    found, saved = trial.speed_up, savings.get(trial.name)
    return {
        "workload": advice.workload.name,
        "name": trial.name,
        "change": trial.change,
        "gain": advice.gain(trial),
        "speed_up_ratio": interval_row(found) if found else None,
        "saved_usd": usd_row(saved) if saved else None,
        "setup_seconds": trial.setup_seconds,
        "rounds": len(trial.disturbed),
        "disturbed_rounds": sum(trial.disturbed),
        "check": _check_row(trial.check),
        "check_note": trial.check_note,
        "not_tried": trial.not_tried,
    }


def _check_row(check: Check | None) -> Row | None:
    if check is None:
        return None
    return {
        "steps": check.steps,
        "plain_loss": check.plain_loss,
        "changed_loss": check.changed_loss,
        "tolerance_ratio": check.tolerance_ratio,
        "passed": check.passed,
    }


def advice_table(advice: Advice, savings: Savings) -> "Table":
    """The trials that were made, the best first; the plain job against itself above them."""
    table = plain_table(
        "Samples a second against the plain job, 99% intervals",
        "change", "speed-up", "interval", "verdict", "same loss", "saves",
        left=("change", "verdict", "same loss"),
    )  # fmt: skip
    control, others = advice.trials[:1], [t for t in advice.trials[1:] if t.speed_up]
    others.sort(key=lambda t: -t.speed_up.mid if t.speed_up else 0.0)
    for trial in (*control, *others):
        found = trial.speed_up
        if found is None:
            continue
        saved = savings.get(trial.name)
        table.add_row(
            trial.name,
            f"×{units.digits(found.mid)}",
            f"{units.digits(found.low)}–{units.digits(found.high)}",
            advice.gain(trial),
            _check_text(trial),
            units.usd_range(saved) if saved and saved.low >= 0 else "",
        )
    return table


def _check_text(trial: Trial) -> str:
    if trial.check is None:
        return "not comparable" if trial.check_note else ""
    return ("yes, ±" if trial.check.passed else "NO, beyond ±") + (
        f"{100 * trial.check.tolerance_ratio:g}%"
    )


def advice_lines(advice: Advice, best: Estimate | None) -> list[str]:
    """What to write for what paid, what was not tried and why, and what to beware of."""
    lines = []
    for trial in advice.trials[1:]:
        if advice.gain(trial) == "faster":
            once = ""
            if trial.setup_seconds and trial.setup_seconds >= 1:
                once = f" (once {units.seconds_text(trial.setup_seconds)})"
            lines.append(f"{trial.name}: {trial.change}{once}")
    if not lines:
        lines.append("Nothing that was tried is faster beyond noise.")
    lines.append(
        f"noise: the plain job differed from itself by up to {100 * advice.noise_ratio:.1f}%; "
        "only what is surely beyond that is called faster"
    )
    lines += [f"! {note}" for note in dict.fromkeys(t.check_note for t in advice.trials) if note]
    contended = [t.name for t in advice.trials if advice.gain(t) == "contended"]
    if contended:
        lines.append(
            f"! contended: {', '.join(contended)}: other work disturbed nearly all their rounds. "
            "Stop it and try again; with --threads 1 it disturbs far less."
        )
    for trial in advice.trials:
        check = trial.check
        if check and not check.passed:
            lines.append(
                f"! {trial.name}: after {check.steps} steps the loss is "
                f"{units.digits(check.changed_loss, 5)} instead of "
                f"{units.digits(check.plain_loss, 5)}; it is left out of what goes together"
            )
    lines += [f"not tried: {t.name}, as {t.not_tried}" for t in advice.trials if t.not_tried]
    lines.append(saving_line(advice, best))
    return lines


def saving_line(advice: Advice, best: Estimate | None) -> str:
    """On what the savings rest."""
    if best is None:
        kind = advice.machine.device_name if advice.machine.is_gpu else "CPU"
        return f"savings: unknown, no offer matches the {kind} that was measured on"
    return (
        f"saves: of the {best.job.epochs} epochs on {instance_text(best.offer)} in "
        f"{best.offer.region}, {units.usd_range(best.usd)} without changes: the best offer of the "
        "kind of device measured on, if the speed-up holds there"
    )
