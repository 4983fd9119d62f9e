"""The sentences that an estimate carries as its assumptions, built from the figures they name."""

from estimators.assumptions import (
    AZURE_BOOT_SECONDS,
    AZURE_IDLE_SECONDS,
    CPU_FACTOR,
    CPU_TO_GPU_SPEEDUP,
    GPU_RULE_FACTOR,
    GPU_RULE_PAIRS,
    LAUNCH_BOUND_SECONDS,
    SAME_GPU_SPREAD,
    START_UP_SECONDS,
    UNKNOWN_EFFICIENCY_LOW,
    VERTEX_BOOT_DISK_GIB,
)
from results.records import Offer

SAME_GPU = f"same GPU as measured; another host changes the time by up to {SAME_GPU_SPREAD:.0%}"
GPU_RULE = (
    f"GPU to GPU by peak FLOP/s and bandwidth; on {GPU_RULE_PAIRS} public training pairs 80% lay "
    f"within ×{GPU_RULE_FACTOR}"
)
LAUNCH_BOUND = (
    f"a step of up to {1000 * LAUNCH_BOUND_SECONDS:.0f} ms is mostly the host's work: another GPU "
    "may change nothing"
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
START_UP = (
    f"start-up (image pull, data download) of {START_UP_SECONDS.low:.0f} to "
    f"{START_UP_SECONDS.high:.0f} s is assumed"
)
AZURE_IDLE = (
    f"the cluster idles {AZURE_IDLE_SECONDS:.0f} s before it scales down (default); a boot of "
    f"{AZURE_BOOT_SECONDS.low:.0f} to {AZURE_BOOT_SECONDS.high:.0f} s is assumed"
)
VERTEX_DISK = f"a boot disk of {VERTEX_BOOT_DISK_GIB} GiB SSD (default)"
SPOT = "work lost to interruptions is not included"
PROXY = "rate of the same instance in SageMaker notebooks, within 0.4% where both are published"
DERIVED = "rate derived from Compute Engine plus the 15% management fee"


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


def of_offer(offer: Offer) -> tuple[str, ...]:
    """What is assumed of the price and the service's own bill."""
    found: tuple[str, ...] = (START_UP,)
    if offer.provider == "azure":
        found += (AZURE_IDLE,)
    if offer.provider == "gcp":
        found += (VERTEX_DISK,)
    if offer.basis == "proxy":
        found += (PROXY,)
    if offer.basis == "derived":
        found += (DERIVED,)
    if offer.allocation == "spot":
        found += (SPOT,)
    return found
