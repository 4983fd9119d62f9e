"""Real accounts, real money: never run so far. Needs a trainfare.toml: `pytest -m live`.

Starts a cheap CPU job on each cloud that has settings, capped at one dollar, waits for its end,
and compares what the service tells with what the fakes do.
"""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.live, pytest.mark.enable_socket, pytest.mark.timeout(3600)]
INSTANCES = {"aws": "ml.m5.large", "gcp": "e2-standard-4", "azure": "Standard_F4s_v2"}
CAP_USD = Decimal("1")


@pytest.mark.parametrize("provider", INSTANCES)
def test_a_real_job_from_start_to_bill(provider: Any, tmp_path: Path) -> None:
    from cloud.launch import Order, launch
    from cloud.outcome import outcome
    from cloud.patience import Patient
    from cloud.registry import client, plan_packed
    from cloud.settings import from_table
    from cloud.source import pack
    from estimators.catalog import find_offer, load_offers
    from estimators.cost import estimate
    from results.jobs import JobIntent
    from results.records import Job
    from results.store import Store
    from trainfare import measuring, settings

    configured = settings.load()
    if not configured.table(provider):
        pytest.skip(f"no [{provider}] in trainfare.toml")
    own, store = from_table(provider, configured.table(provider)), Store(tmp_path)
    region = str(configured.table(provider)["region"])
    offer = find_offer(load_offers(()), provider, INSTANCES[provider], region, "on_demand")
    how: dict[str, Any] = {"device": "cpu", "max_seconds": 5.0, "seed": 0, "batch_size": None,
                           "threads": None, "data_root": None, "image_size": None}  # fmt: skip
    run = measuring.fresh_or_new(measuring.Asked(workload="mlp", **how), store)
    job = Job(workload=run.workload, epochs=1, samples_per_epoch=run.workload.samples_per_epoch)
    packed = pack(job)
    order = Order(
        request=plan_packed(packed, offer, own, CAP_USD),
        archive=packed.archive,
        source_digest=packed.digest,
        estimate=estimate(run, job, offer),
    )
    there = Patient(client(own))
    made = launch(there, order, store)
    assert made.status.max_seconds == order.request.max_seconds
    assert launch(there, order, store).is_new is False
    while not (status := there.status(made.handle)).ended:
        time.sleep(30)
    assert status.state == "succeeded", status.message
    intent = store.find(JobIntent, made.handle.job_name)
    assert intent is not None
    came = outcome(status, intent)
    assert came.usd is not None
    assert 0 < came.usd <= CAP_USD
    there.fetch(made.handle, tmp_path / "out")
    assert list((tmp_path / "out").rglob("*.json"))
