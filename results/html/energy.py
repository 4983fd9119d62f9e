"""What the GPU used: joules a sample, as it told itself; the unknown stays unknown."""

from collections.abc import Sequence

from results import units
from results.html.section import UNKNOWN, Section, Table, rounded, shortened
from results.lines import known
from results.records import Run
from results.utilisation import joules_per_sample

JOULES_PER_KWH = 3.6e6
NUMBERS = ("energy per sample", "energy per epoch", "power", "counted over")


def energy_section(runs: Sequence[Run]) -> Section | None:
    """The newest run of each workload and device; None where nothing was measured."""
    newest = {(r.workload.name, r.machine.device_name): r for r in runs if r.measurements}
    if not newest:
        return None
    told = [(run, j) for run in newest.values() if (j := joules_per_sample(run)) is not None]
    return Section(
        name="energy",
        title="Energy",
        lead=_lead(told, len(newest)),
        chart={
            "kind": "bars",
            "label": "Joules per sample, of the GPU alone",
            "categories": shortened(
                [f"{r.workload.name} · {r.machine.device_name}" for r, _ in told]
            ),
            "values": [rounded(joules) for _, joules in told],
            "texts": [f"{_joules(joules)} per {run.workload.sample_unit}" for run, joules in told],
        }
        if told
        else None,
        tables=[
            Table(
                caption="Energy of training on this machine's device",
                columns=("workload", "device", *NUMBERS, "how it is known"),
                rows=[_row(run) for run in newest.values()],
                numbers=NUMBERS,
            )
        ],
    )


def _lead(told: Sequence[tuple[Run, float]], total: int) -> str:
    parts = [f"{r.workload.name}: {_joules(j)} per {r.workload.sample_unit}." for r, j in told]
    if len(told) < total:
        parts.append(
            "Only NVIDIA GPUs tell what they use; the energy of anything else is unknown, not zero."
        )
    return " ".join(parts)


def _joules(joules: float) -> str:
    return f"{units.digits(joules)} J" if joules >= 1 else f"{units.digits(1000 * joules)} mJ"


def _row(run: Run) -> tuple[str, ...]:
    joules, gpu = joules_per_sample(run), run.gpu
    epoch = joules and joules * run.workload.samples_per_epoch / JOULES_PER_KWH
    source = "not known: no GPU was used" if not run.machine.is_gpu else "not known: NVML told none"
    return (
        run.workload.name,
        run.machine.device_name,
        known(joules, _joules),
        known(
            epoch,
            lambda kwh: (
                f"{units.digits(kwh)} kWh" if kwh >= 1 else f"{units.digits(1000 * kwh)} Wh"
            ),
        ),
        known(gpu.power_watts if gpu else None, lambda watts: f"{watts:.0f} W"),
        UNKNOWN if joules is None else f"{run.energy_steps:,} steps",
        "measured, by NVML" if joules is not None else source,
    )
