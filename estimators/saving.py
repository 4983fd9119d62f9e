"""What a measured speed-up saves on an offer, and on which offers it may be believed."""

from collections.abc import Iterable
from decimal import Decimal

from estimators.hardware import match_device
from results import phases
from results.bill_lines import STORED_USD
from results.records import Estimate, Machine, Offer, UsdInterval
from results.statistics import Interval


def alike(offers: Iterable[Offer], machine: Machine) -> list[Offer]:
    """The offers whose device is of the kind that was measured on.

    CPU offers for a CPU; for a GPU those of the same model. What pays on one kind of device says
    nothing of another.
    """
    if not machine.is_gpu:
        return [offer for offer in offers if offer.accelerator is None]
    found = match_device(machine.device_name)
    return [offer for offer in offers if found and offer.accelerator == found.name]


def saving(estimate: Estimate, speed_up: Interval) -> UsdInterval:
    """USD saved on `estimate`: its training item × (1 − 1 / speed-up); below 0 it costs more.

    Start-up costs the same as before. `speed_up` is new / old samples a second, above 0.
    """
    items = (item.usd.mid for item in estimate.items if item.name == phases.TRAINING)
    training = sum(items, Decimal(0))
    low, mid, high = (
        (training * (1 - 1 / Decimal(factor))).quantize(STORED_USD)
        for factor in (speed_up.low, speed_up.mid, speed_up.high)
    )
    return UsdInterval(low=low, mid=mid, high=high)
