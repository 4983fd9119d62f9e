"""How Azure Machine Learning bills a job on a cluster."""

from decimal import Decimal
from typing import Final

from estimators.billing.rules import BillingRules, assumed, known

OWN_DISK: Final = "the node's disk is part of the price of the virtual machine"

RULES: Final = BillingRules(
    granularity_seconds=assumed(Decimal(1), "virtual machines are billed by the second"),
    billed_phases=known(
        ("provisioning", "image pull", "data download", "upload"),
        "the virtual machine is billed from its start, so its boot is too",
    ),
    idle_seconds=known(
        Decimal(120), "a cluster idles 120 s by default before it scales down, and bills it"
    ),
    disk_usd_per_gib_hour=assumed(None, "no rate was found: give disk_usd_per_gib_hour"),
    boot_disk_gib=assumed(Decimal(0), OWN_DISK),
    job_disk_gib=assumed(Decimal(0), OWN_DISK),
    no_disk_families=known((), "none is known"),
    shared_usd_per_hour=assumed(
        Decimal("0.33") / 24, "a load balancer of about $0.33 a day for 50 nodes (cost guide)"
    ),
    nodes_per_share=assumed(Decimal(50), "a load balancer of about $0.33 a day for 50 nodes"),
    spot_saving=assumed(
        None, "low priority cost exactly 20% of dedicated in the two samples found: set 0.8"
    ),
)
