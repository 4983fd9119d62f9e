"""How Amazon SageMaker bills a training job."""

from decimal import Decimal
from typing import Final

from estimators.billing.rules import HOURS_PER_MONTH, BillingRules, assumed, known

RULES: Final = BillingRules(
    granularity_seconds=known(
        Decimal(1), "DescribeTrainingJob.BillableTimeInSeconds is a whole number of seconds"
    ),
    billed_phases=known(
        ("image pull", "data download", "upload"),
        "billed from TrainingStartTime to TrainingEndTime; waiting for capacity is not",
    ),
    idle_seconds=known(Decimal(0), "instances end with the job, without a warm pool"),
    disk_usd_per_gib_hour=assumed(
        Decimal("0.154") / HOURS_PER_MONTH,
        "ML storage in eu-west-1 was $0.154 a GB-month; other regions were not found",
    ),
    boot_disk_gib=known(Decimal(0), "a job has the volume it asks for (VolumeSizeInGB), no other"),
    job_disk_gib=known(Decimal(30), "VolumeSizeInGB that trainfare asks for"),
    no_disk_families=known(
        ("ml.g4dn.", "ml.g5.", "ml.g6.", "ml.g6e.", "ml.g7e.", "ml.p3dn.", "ml.p4d.", "ml.p4de.",
         "ml.p5.", "ml.trn1.", "ml.trn1n.", "ml.m5d.", "ml.c5d.", "ml.r5d."),
        "instances with NVMe disks get no EBS volume (CreateTrainingJob, ResourceConfig)",
    ),
    spot_saving=assumed(
        (Decimal("0.20"), Decimal("0.635"), Decimal("0.70")),
        "managed spot bills fewer seconds at the on-demand rate; one user's jobs saved 59-68%",
    ),
)  # fmt: skip
