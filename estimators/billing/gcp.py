"""How Google Vertex AI bills a custom training job."""

from decimal import Decimal
from typing import Final

from estimators.billing.rules import BillingRules, assumed, known

# Vertex AI's rate on demand is 1.15 × that of Compute Engine: exact to 1e-5 for N1, N2, E2, H100.
MANAGEMENT_FEE: Final = Decimal("0.15")

RULES: Final = BillingRules(
    granularity_seconds=assumed(
        Decimal(1), "30-second increments are known second-hand only: set 30 to be safe"
    ),
    billed_phases=assumed(
        ("image pull", "data download", "upload"),
        "from the provisioning of the machines to the end of the job; no bill was seen",
    ),
    idle_seconds=assumed(Decimal(0), "machines end with the job, without a persistent resource"),
    disk_usd_per_gib_hour=known(
        Decimal("0.0002678"), "SSD boot disk, SKU A005-98FE-36CC (Cloud Billing Catalog)"
    ),
    boot_disk_gib=known(Decimal(100), "DiskSpec.boot_disk_size_gb is 100 by default"),
    job_disk_gib=known(Decimal(100), "DiskSpec.boot_disk_size_gb is 100 by default"),
    no_disk_families=known((), "every machine has a boot disk"),
    spot_saving=known(None, "spot has rates of its own, see spot_usd_per_hour"),
)

# Machine types that come with local SSD. Neither Vertex AI's training SKUs nor the price list have
# a rate of it, and no bill was seen.
LOCAL_SSD_FAMILIES: Final = ("a2-ultragpu-", "a3-")


def training_usd_per_hour(compute_usd_per_hour: Decimal) -> Decimal:
    """On demand: Compute Engine's rate + 15% management fee.

    The fee is inside Vertex AI's own training SKUs, never to be added to those.
    """
    return compute_usd_per_hour * (1 + MANAGEMENT_FEE)


def spot_usd_per_hour(spot_compute: Decimal, on_demand_compute: Decimal) -> Decimal:
    """Spot and flex-start: Compute Engine's spot rate + 15% of its *on-demand* rate."""
    return spot_compute + MANAGEMENT_FEE * on_demand_compute
