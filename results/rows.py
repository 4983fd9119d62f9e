"""Records as flat rows for JSON, CSV, data frames and tables; every key ends in its unit."""

from decimal import Decimal
from typing import Any

from results import sweep, utilisation
from results.epoch import predicted_epoch
from results.records import Estimate, Measurement, Quote, Run, SweepPoint, UsdInterval
from results.statistics import Interval

Row = dict[str, Any]

# In the order in which a step goes through them; a workload's own phases follow as they came.
PHASE_ORDER = (
    "load", "copy", "forward", "backward", "optimizer", "step", "epoch_start", "epoch", "evaluation"
)  # fmt: skip
_WHOLES = PHASE_ORDER[PHASE_ORDER.index("step") :]  # not parts of a step


def phase_key(measurement: Measurement) -> tuple[int, int]:
    """Sort key: known phases in order, unknown ones before step and epoch."""
    name = measurement.phase
    if name in PHASE_ORDER:
        return (2 if name in _WHOLES else 0, PHASE_ORDER.index(name))
    return (1, 0)


def measurement_rows(run: Run) -> list[Row]:
    """One row a phase of `run`; `low` and `high` are the 95% interval of the median."""
    return [_measurement_row(run, m) for m in sorted(run.measurements, key=phase_key)]


def _measurement_row(run: Run, measurement: Measurement) -> Row:
    seconds = measurement.seconds
    return {
        "run_id": run.run_id,
        "workload": run.workload.name,
        "phase": measurement.phase,
        "device": run.machine.device,
        "device_name": run.machine.device_name,
        "threads": run.machine.threads,
        "batch_size": run.workload.batch_size,
        "precision": run.workload.precision,
        "median_seconds": seconds.mid,
        "low_seconds": seconds.low,
        "high_seconds": seconds.high,
        "samples_per_second": measurement.samples_per_second,
        "blocks": len(measurement.block_seconds),
        "disturbed_blocks": sum(measurement.disturbed),
        "slowed_share": measurement.slowed_share,
        "slowdown": measurement.slowdown,
        "lost_share": measurement.lost_share,
        "others_processors": measurement.others_processors,
        "warmup_seconds": sum(measurement.warmup_seconds),
        "warmup_steps": measurement.warmup_steps,
        "stopped_because": measurement.stopped_because,
        "verdict": measurement.verdict,
        "data_note": run.workload.data_note,
    }


def run_row(run: Run) -> Row:
    """What a run says beyond its phases."""
    gpu, epoch = run.gpu, predicted_epoch(run)
    return {
        "run_id": run.run_id,
        "captured_at": run.captured_at,
        "workload": run.workload.name,
        "verdict": run.verdict,
        "parameter_count": run.workload.parameter_count,
        "peak_memory_bytes": run.peak_memory_bytes,
        "flops_per_step": run.flops_per_step,
        "bytes_per_step": run.bytes_per_step,
        "bytes_per_second": utilisation.bytes_per_second(run),
        "load_share": utilisation.share_of_step(run, "load"),
        "remainder_seconds": utilisation.remainder_seconds(run),
        "predicted_epoch_seconds": interval_row(epoch) if epoch else None,
        "gpu_busy_share": utilisation.gpu_busy_share(run),
        "bound_by": utilisation.bound_by(run),
        "joules_per_sample": utilisation.joules_per_sample(run),
        "gpu_utilization_percent": gpu.utilization_percent if gpu else None,
        "gpu_power_watts": gpu.power_watts if gpu else None,
        "gpu_sm_clock_mhz": gpu.sm_clock_mhz if gpu else None,
        "gpu_sm_clock_max_mhz": gpu.sm_clock_max_mhz if gpu else None,
        "gpu_memory_used_bytes": gpu.memory_used_bytes if gpu else None,
        "gpu_throttle_reasons": list(gpu.throttle_reasons) if gpu else None,
        "gpu_other_processes": gpu.other_processes if gpu else None,
        "seed": run.seed,
        "partial": run.partial,
        "sweep": sweep_rows(run),
        "epochs_trained": run.epochs_trained,
        "metrics": dict(run.metrics),
        "data_note": run.workload.data_note,
        "warnings": list(run.warnings),
    }


def sweep_rows(run: Run) -> list[Row]:
    """One row a batch size; `step_seconds` is the median with its 95% interval, None if it did not
    run."""
    return [_sweep_row(point) for point in run.sweep]


def _sweep_row(point: SweepPoint) -> Row:
    ran = bool(point.step_seconds)
    return {
        "batch_size": point.batch_size,
        "step_seconds": interval_row(sweep.step_interval(point)) if ran else None,
        "samples_per_second": sweep.samples_per_second(point) if ran else None,
        "verdict": ("contended" if point.contended else "quiet") if ran else None,
        "peak_memory_bytes": point.peak_memory_bytes,
        "problem": point.problem,
    }


def estimate_rows(quote: Quote) -> list[Row]:
    """One row an offer, best first; `seconds` and `usd` are 80% intervals."""
    return [{"quote_id": quote.quote_id, **estimate_row(e)} for e in quote.estimates]


def estimate_row(estimate: Estimate) -> Row:
    """One estimate with its offer, flat but for the intervals."""
    offer, job = estimate.offer, estimate.job
    return {
        "workload": job.workload.name,
        "epochs": job.epochs,
        "samples_per_epoch": job.samples_per_epoch,
        "nodes": job.nodes,
        "provider": offer.provider,
        "service": offer.service,
        "region": offer.region,
        "instance_type": offer.instance_type,
        "vcpus": offer.vcpus,
        "memory_gib": offer.memory_gib,
        "accelerator": offer.accelerator,
        "accelerator_count": offer.accelerator_count,
        "allocation": offer.allocation,
        "usd_per_hour": number(offer.usd_per_hour),
        "basis": offer.basis,
        "as_of": offer.as_of,
        "grade": estimate.grade,
        "seconds": interval_row(estimate.seconds),
        "usd": usd_row(estimate.usd),
        "epoch_seconds": interval_row(estimate.epoch_seconds),
        "usd_per_epoch": usd_row(estimate.usd_per_epoch),
        "usd_per_million_samples": number(estimate.usd_per_million_samples),
        "samples_per_usd": number(estimate.samples_per_usd),
        "items": [
            {
                "name": item.name,
                "seconds": interval_row(item.seconds),
                "usd": usd_row(item.usd),
                "billed_by": item.billed_by,
                "evidence": item.evidence,
            }
            for item in estimate.items
        ],
        "assumptions": list(estimate.assumptions),
        "data_note": job.workload.data_note,
    }


def interval_row(interval: Interval) -> Row:
    """`{low, mid, high}`."""
    return {"low": interval.low, "mid": interval.mid, "high": interval.high}


def usd_row(interval: UsdInterval) -> Row:
    """`{low, mid, high}`, see `number`."""
    return {"low": number(interval.low), "mid": number(interval.mid), "high": number(interval.high)}


def number(value: Decimal) -> float:
    """A JSON number that prints as the decimal; amounts are rounded to twelve digits."""
    return float(f"{value:.12g}")


def flattened(row: Row) -> Row:
    """`{"usd": {"low": …}}` → `{"low_usd": …}` for CSV, so that headers still end in their unit."""
    flat: Row = {}
    for key, value in row.items():
        if isinstance(value, dict) and set(value) == {"low", "mid", "high"}:
            flat |= {f"{end}_{key}": value[end] for end in ("low", "mid", "high")}
        elif not isinstance(value, (dict, list)):
            flat[key] = value
    return flat
