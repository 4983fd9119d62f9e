"""The sentences that an estimate carries as its assumptions, built from the figures they name."""

from collections.abc import Iterator, Sequence
from typing import Any

from estimators.assumptions import (
    CPU_FACTOR,
    CPU_TO_GPU_SPEEDUP,
    REWORK_SHARE,
    SAME_GPU_SPREAD,
    UNKNOWN_EFFICIENCY_LOW,
)
from estimators.billing.gcp import LOCAL_SSD_FAMILIES
from estimators.billing.rules import OWN_FILE, BillingRules, Rule, saved
from estimators.catalog import is_spot_ceiling
from estimators.processors import Processor
from estimators.step import ProjectedStep
from estimators.timing import Around
from results import phases
from results.records import Evidence, Offer
from results.units import counted, seconds_text

SAME_GPU = f"same GPU as measured; another host changes the time by up to {SAME_GPU_SPREAD:.0%}"
SAME_INSTANCE = (
    f"measured on this instance type; another machine of it changes the time by up to "
    f"{SAME_GPU_SPREAD:.0%}"
)
UNCHECKED = "peak figures of one of the two GPUs are from memory, not checked"
LOADING_UNKNOWN = "the share of data loading was not measured: the interval allows for any"
CPU_RULE = (
    f"another processor is up to {CPU_FACTOR} times slower or faster a thread (from one public "
    "pair); more vCPUs than measured threads are credited no gain in the middle"
)
BURSTABLE = "burstable instance: full speed is not promised"
CPU_TO_GPU = (
    "a GPU time from a CPU run is unreliable (public range {:g} to {:g} times as fast, whatever "
    "the GPU): measure on a GPU"
).format(*CPU_TO_GPU_SPEEDUP)
CONTENDED = "something else had the processor while measuring: the interval spans all of it"
IN_ONE_MACHINE = "efficiency of several GPUs in one machine as in public multi-GPU training logs"
BEYOND = (
    "nothing public is known of the efficiency between machines or beyond 8 GPUs: at least "
    f"{UNKNOWN_EFFICIENCY_LOW:.0%} is assumed"
)
COMBINED = (
    "the items are combined by sampling: warm-up, training and evaluation move together, all "
    "others apart"
)
UNKNOWN_SIZE = "the model's size is unknown: no time for checkpoints and their upload"
SPOT = (
    f"work lost to interruptions of {REWORK_SHARE.low:.1%} to {REWORK_SHARE.high:.0%} of the "
    "training is assumed"
)
SPOT_UNKNOWN = (
    "ceiling: on-demand price, for no spot price is known here; what spot saves is not counted"
)
PROXY = "rate of the same instance in SageMaker notebooks, within 0.4% where both are published"
LOCAL_SSD = (
    "this type comes with local SSD; whether Vertex AI bills it beside the rate is unknown, "
    "nothing is counted for it"
)
DERIVED = "rate derived from Compute Engine plus the 15% management fee"


def gpu_to_gpu(source: str, target: str, step: ProjectedStep) -> tuple[str, ...]:
    """How a time on one GPU became one on another."""
    found: tuple[str, ...] = (
        f"{source} to {target}: ×{step.device_factor:.2f} by sustained FLOP/s, bandwidth and "
        f"multiprocessors; 80% lie within ×/÷{step.spread_factor:.2f}",
    )
    if step.own_models:
        who = "one own model" if step.own_models == 1 else f"{step.own_models} own models"
        found += (f"{who} ran on both {source} and {target}: ×{step.own_factor:.2f} beside that",)
    return found


def launch_bound(host_seconds: float) -> str:
    """That a part of the step is no work of the device."""
    return (
        f"{seconds_text(host_seconds)} of the step are taken for launches and latency: they go "
        "with the GPU's clock, not with its peak"
    )


def own_speedups(count: int) -> str:
    """That other jobs told how a GPU compares with this processor."""
    runs = "one run" if count == 1 else f"{count} runs"
    return (
        f"from a CPU by {runs} of other jobs on a GPU: how jobs differ in that is assumed from the "
        "public range; measure on a GPU to know"
    )


def own_slowdowns(count: int, instance_type: str) -> str:
    """That own runs told how the instance's processor compares with the measured one."""
    runs = "one own run" if count == 1 else f"{count} own runs"
    return f"{runs} on the processor of {instance_type} moved the rule and narrowed it"


def thread_scaling(exponent: float) -> str:
    """How much this job gains from threads, from own runs."""
    return f"time goes with threads^−{exponent:.2f}, as in own runs of this job"


def processor(found: Processor, vcpus: int) -> str:
    """What the instance's vCPUs are."""
    clock = f"{found.clock_ghz:g} GHz, " if found.clock_ghz else ""
    checked = "" if found.checked else "; from memory"
    size = f"{counted(vcpus, 'vCPU')}: {counted(found.cores(vcpus), 'core')}"
    return f"{size} of {found.name} ({clock}{found.isa}{checked})"


def own_scaling(processes: int) -> str:
    """That the efficiency of several processes was measured."""
    return f"efficiency of {processes} processes as in an own run of this job"


def parallel(processes_per_node: int, nodes: int) -> tuple[str, ...]:
    """What is assumed where several processes share the work."""
    found: tuple[str, ...] = (
        f"data-parallel over {processes_per_node * nodes} processes, each with the measured batch",
    )
    if processes_per_node > 1:
        found += (IN_ONE_MACHINE,)
    if nodes > 1 or processes_per_node > 8:
        found += (BEYOND,)
    return found


def start_up(beside: Around) -> tuple[str, ...]:
    """How the phases before the first step are known: assumed, or from own jobs."""
    known: dict[Evidence, list[str]] = {}
    for name in phases.START_UP:
        known.setdefault(beside.phases[name][1], []).append(name)
    found: tuple[str, ...] = ()
    if own := known.get("measured"):
        found += (f"{_and(own)}: as own jobs on this cloud took, blended with what was assumed",)
    if assumed := known.get("assumed"):
        first, *others = (beside.phases[name][0] for name in assumed)
        whole = sum(others, start=first)
        found += (
            f"{_and(assumed)} are assumed: {whole.low / 60:.0f} to {whole.high / 60:.0f} min if "
            "all are fast or slow",
        )
    return found


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _resting_on(offer: Offer, rules: BillingRules) -> Iterator[Rule[Any]]:
    """The rules that weigh on every bill of the offer."""
    yield from (rules.granularity_seconds, rules.billed_phases, rules.shared_usd_per_hour)
    own_disk = offer.instance_type.startswith(rules.no_disk_families.value)
    if rules.job_disk_gib.value and not own_disk:
        yield rules.disk_usd_per_gib_hour


def of_offer(offer: Offer, rules: BillingRules, start_up_notes: tuple[str, ...]) -> tuple[str, ...]:
    """What is assumed of the start, of the price and of the service's own bill."""
    found = (*start_up_notes, COMBINED)
    found += tuple(
        f"not confirmed: {rule.source}" for rule in _resting_on(offer, rules) if not rule.confirmed
    )
    if idle := rules.idle_seconds.value:
        given = rules.idle_seconds.evidence == "given"
        own = f"{idle:f} s idle before the machines go, given in {OWN_FILE}"
        found += (own if given else rules.idle_seconds.source,)
    if offer.basis == "proxy":
        found += (PROXY,)
    if offer.basis == "derived":
        found += (DERIVED,)
    if offer.provider == "gcp" and offer.instance_type.startswith(LOCAL_SSD_FAMILIES):
        found += (LOCAL_SSD,)
    if offer.allocation == "spot":
        found += (SPOT,)
        if is_spot_ceiling(offer):
            found += (saved(rules.spot_saving) or SPOT_UNKNOWN,)
    return found
