"""Every figure that projection and cost rest on, in one place, each with where it comes from.

`measured` figures come from public measurements (docs/projection.md); `published` ones are a
provider's own; `assumed` ones nobody has measured, and each estimate that uses one says so in its
assumptions.
"""

import re
from decimal import Decimal
from typing import Final

from results.statistics import Interval

# --- one GPU to another -------------------------------------------------------------------------
# The fitted figures are in data/projection.json (benchmarks/projection_fit.py); see estimators.law.
# Assumed: identical GPUs differ by 0.1-4% (public H100 nodes), but the host processor is another.
SAME_GPU_SPREAD: Final = 0.10
# Assumed: from here on the part of a step that no GPU's rates shorten is worth a word.
NOTABLE_HOST_SHARE: Final = 0.2

# --- one CPU to another -------------------------------------------------------------------------
# Measured on one pair only (timm benchmarks 2.4.0, i7-12700H and i9-10940X, 740 models, batch-1
# inference): the interval of the rule must be this wide to hold for 80%. Assumed for all others.
CPU_FACTOR: Final = 2.65
BURSTABLE_FAMILIES: Final = ("ml.t3.", "e2-")  # share their cores; full speed is not promised

# --- CPU to GPU ---------------------------------------------------------------------------------
# Published: between frameworks on one pair of devices the GPU was 0.4 to 107 times as fast.
CPU_TO_GPU_SPEEDUP: Final = (0.4, 107.0)
# Measured: the shortest training step on any GPU of the public sweeps, MNIST_CNN@32 at batch 16
# on a T4 (PROFET); launching the kernels takes this long whatever the device.
SHORTEST_GPU_STEP_SECONDS: Final = 0.00179

# --- several accelerators and machines ----------------------------------------------------------
# Published: efficiency of N GPUs in one machine in public multi-GPU training logs: N, median, p10.
EFFICIENCY: Final = ((1, 1.0, 1.0), (2, 0.95, 0.75), (4, 0.96, 0.68), (8, 0.93, 0.58))
# Assumed: another machine of the same kind loses this much more or less to communication.
OWN_SCALING_SPREAD: Final = 0.10
# Assumed: nothing public is known between machines, nor beyond eight in one.
UNKNOWN_EFFICIENCY_LOW: Final = 0.40

# --- what a job costs beside its training ------------------------------------------------------
# Assumed: image pull and data download on a fresh instance; no public figure was found.
START_UP_SECONDS: Final = Interval(low=60, mid=180, high=420)
# Published: a cluster idles 120 s by default before it scales down. Assumed: its boot.
AZURE_IDLE_SECONDS: Final = 120.0
AZURE_BOOT_SECONDS: Final = Interval(low=60, mid=120, high=300)
# Published: Vertex AI's default boot disk (SSD), and its rate, SKU A005-98FE-36CC.
VERTEX_BOOT_DISK_GIB: Final = 100
VERTEX_BOOT_DISK_USD_PER_GIB_HOUR: Final = Decimal("0.0002678")

# --- instances that the price list names but training jobs cannot have ---------------------------
# Measured against botocore 1.44.5: not in CreateTrainingJob's TrainingInstanceType. Their rates are
# those of notebooks; tests/cloud compares this with the model of the botocore that is installed.
NOT_FOR_TRAINING: Final = re.compile(
    r"ml\.(m5d\..+|m5\.(8|16)xlarge|c5\.(large|12xlarge|24xlarge))", re.ASCII
)
