"""Several processes at once: what each keeps of its speed alone."""

from collections.abc import Sequence

from results import units
from results.html.section import Section, Table, rounded, shortened
from results.records import Run
from results.scaling import Scaling

NUMBERS = ("processes", "efficiency", "95% interval", "times as fast", "rounds", "disturbed")


def together_section(runs: Sequence[Run]) -> Section | None:
    """The newest scaling of each workload, device and number of processes; None without any."""
    newest = {
        (run.workload.name, run.machine.device_name, run.scaling.processes): (run, run.scaling)
        for run in runs
        if run.scaling and run.scaling.efficiencies
    }
    if not newest:
        return None
    found = list(newest.values())
    return Section(
        name="together",
        title="Several processes",
        lead=" ".join(_sentence(run, one) for run, one in found)
        + " Efficiency is the time of a step alone over that of a step together, with the same "
        "batch for each process: 100% loses nothing. Bars are 95% intervals, all rounds if "
        "contended.",
        chart={
            "kind": "range",
            "label": "Scaling efficiency in percent",
            "axis": [0, 100],
            "categories": shortened([_label(run, one) for run, one in found]),
            "ranges": [_range(one) for _, one in found],
        },
        tables=[
            Table(
                caption="Data-parallel training on one machine",
                columns=("workload", "device", "backend", *NUMBERS, "each", "verdict"),
                rows=[_row(run, one) for run, one in found],
                numbers=NUMBERS,
            )
        ],
    )


def _label(run: Run, one: Scaling) -> str:
    return f"{run.workload.name} · {one.processes} processes"


def _sentence(run: Run, one: Scaling) -> str:
    return (
        f"{run.workload.name}: {one.processes} processes train {_times(one)} times as fast as one, "
        f"{one.efficiency.mid:.0%} of what they could."
    )


def _times(one: Scaling) -> str:
    return units.digits(one.speed_up.mid)


def _ends(one: Scaling) -> str:
    return f"{one.efficiency.low:.0%} to {one.efficiency.high:.0%}"


def _range(one: Scaling) -> list[float | str]:
    """Low, high and middle in percent, and what hovering says."""
    share = one.efficiency.scaled(100)
    text = f"efficiency {one.efficiency.mid:.0%} ({_ends(one)}), {_times(one)} times as fast as one"
    return [*map(rounded, (share.low, share.high, share.mid)), text]


def _row(run: Run, one: Scaling) -> tuple[str, ...]:
    return (
        run.workload.name,
        run.machine.device_name,
        one.backend,
        str(one.processes),
        f"{one.efficiency.mid:.0%}",
        _ends(one),
        _times(one),
        str(len(one.disturbed)),
        str(sum(one.disturbed)),
        f"{units.counted(one.threads, 'thread')}, batch {one.batch_size}",
        "contended" if one.contended else "quiet",
    )
