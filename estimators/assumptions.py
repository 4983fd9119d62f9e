"""Every figure that projection and cost rest on, in one place, each with where it comes from.

`measured` figures come from public measurements (docs/projection.md); `published` ones are a
provider's own; `assumed` ones nobody has measured, and each estimate that uses one says so in its
assumptions.
"""

import re
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
# Measured on that pair: of the log of CPU_FACTOR so much is left when many other models are known
# on both processors (80% of the 740 lie within a factor of 1.65 of their common one).
CPU_JOBS_SHARE: Final = 0.5
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

# --- what a job goes through beside its training ------------------------------------------------
# Assumed, 80% intervals in seconds; the only public figure found is one log that waited 14 minutes
# for an image. `collect` replaces them by what the user's own jobs took.
QUEUE_SECONDS: Final = Interval(low=5, mid=45, high=600)  # for capacity, within the quota
PROVISIONING_SECONDS: Final = Interval(low=40, mid=90, high=240)
PULL_SECONDS: Final = Interval(low=30, mid=90, high=300)
DATA_SECONDS: Final = Interval(low=2, mid=10, high=60)  # to find and list it, whatever its size
UPLOAD_SECONDS: Final = Interval(low=2, mid=8, high=40)  # of records and log
# Assumed: seconds a byte from and to storage, 500, 100 and 20 MB/s.
TRANSFER_SECONDS_PER_BYTE: Final = Interval(low=2e-9, mid=1e-8, high=5e-8)
INPUT_BYTES: Final = 4  # of one number of a sample as it is stored; images are often smaller
STATE_BYTES: Final = 12  # a parameter in fp32 with two moments of an optimizer
# Assumed: from the start of Python to the first batch; and trainfare's own job warms up with 10
# steps and times 20 before its first epoch.
IMPORT_SECONDS: Final = Interval(low=5, mid=15, high=60)
WARM_UP_STEPS: Final = 30
# Assumed: the test set against the samples of an epoch; it is run through once, at the end.
TEST_SHARE: Final = Interval(low=0.1, mid=0.2, high=0.4)
# Assumed: work done twice on spot capacity, as a share of the training.
REWORK_SHARE: Final = Interval(low=0.002, mid=0.03, high=0.25)

# --- instances that the price list names but training jobs cannot have ---------------------------
# Measured against botocore 1.44.5: not in CreateTrainingJob's TrainingInstanceType. Their rates are
# those of notebooks; tests/cloud compares this with the model of the botocore that is installed.
NOT_FOR_TRAINING: Final = re.compile(
    r"ml\.(m5d\..+|m5\.(8|16)xlarge|c5\.(large|12xlarge|24xlarge))", re.ASCII
)
