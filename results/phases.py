"""The names of the lines of an estimate, in the order in which a job goes through them."""

from typing import Final

QUEUE: Final = "queue"
PROVISIONING: Final = "provisioning"
PULL: Final = "image pull"
DATA: Final = "data download"
WARM_UP: Final = "warm-up"
TRAINING: Final = "training"
EVALUATION: Final = "evaluation"
CHECKPOINTS: Final = "checkpoints"
UPLOAD: Final = "upload"
REWORK: Final = "spot rework"
IDLE: Final = "idle"
ROUNDING: Final = "rounding"
DISK: Final = "disk"
SHARED: Final = "load balancer"
EGRESS: Final = "egress"

ORDER: Final = (
    QUEUE, PROVISIONING, PULL, DATA, WARM_UP, TRAINING, REWORK, EVALUATION, CHECKPOINTS, UPLOAD,
)  # fmt: skip
START_UP: Final = (QUEUE, PROVISIONING, PULL, DATA)  # before the first step
NOBODY: Final = "nobody"  # who bills a phase that is not billed
