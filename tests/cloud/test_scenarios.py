"""Random weeks in the life of a job: faults, kills, other machines, stops, and in the end one job.

Each is drawn from a seed; a failure prints the one line that plays it again. `--scenarios N` plays
more than the usual number, `--scenario SEED` one.
"""

import random
from contextlib import suppress
from decimal import Decimal
from pathlib import Path

import pytest
from fakes.clouds import Cloud
from fakes.engine import Run
from fakes.orders import an_order
from fakes.web import Fault

from cloud.launch import launch
from cloud.outcome import outcome
from cloud.reconcile import reconcile
from results.errors import TrainfareError
from results.jobs import JobHandle, JobIntent, Outcome
from results.store import Store

KINDS = (
    "quota", "throttled", "server", "unavailable", "signed_out", "unknown_key", "denied",
    "bad_role", "capacity", "skewed", "lost_before", "lost_after", "cut",
)  # fmt: skip
CHUNKS = 20


class Scenario:
    """One random course of events on one cloud, with what must hold whatever happens."""

    def __init__(self, seed: int, clouds: dict[str, Cloud], folder: Path) -> None:
        self.draw = random.Random(seed)
        self.cloud = clouds[self.draw.choice(("aws", "gcp", "azure"))]
        self.cloud.reset()
        self.store, self.elsewhere = Store(folder / "here"), Store(folder / "there")
        spot = self.draw.choice(("on_demand", "on_demand", "spot"))
        nodes, rate = self.draw.choice((1, 1, 2, 5)), self.draw.choice(("0.31", "1", "4.25"))
        self.orders = [
            an_order(self.cloud, self.draw.choice(("9", "25.5")), rate, f"job{i}", spot, nodes)
            for i in range(self.draw.choice((1, 1, 2)))
        ]
        self.cloud.fake.jobs.next_run = Run(
            queue_seconds=self.draw.choice((0.0, 60.0, 4000.0)),
            start_up_seconds=self.draw.uniform(0, 400),
            train_seconds=self.draw.choice((30.0, 900.0, 1e9)),
            stop_seconds=self.draw.uniform(0, 60),
            fails=self.draw.choice((None, None, "it broke: token=secretsecret")),
            never_starts=self.draw.random() < 0.1,
        )
        if spot == "spot" and self.draw.random() < 0.5:
            self.cloud.fake.jobs.next_run.interruptions = tuple(
                (self.draw.uniform(0, 900), self.draw.uniform(0, 4000))
                for _ in range(self.draw.choice((1, 1, 2, 4)))
            )
        self.budget = self.draw.choice((None, Decimal(40)))

    def play(self) -> None:
        """Some steps, each allowed to fail in words; then none may, and all must be in order."""
        for _ in range(self.draw.randint(1, 5)):
            self._break_something()
            step = self.draw.choice((self._launch, self._launch, self._look, self._cancel,
                                     self._reconcile, self._elsewhere))  # fmt: skip
            with suppress(TrainfareError):
                try:
                    step(self.draw.choice(self.orders))
                except TrainfareError as error:
                    assert "secret" not in str(error)
                    raise
            self.cloud.clock.pause(self.draw.choice((0.0, 30.0, 200.0, 5000.0)))
        self._in_order()

    def _break_something(self) -> None:
        self.cloud.fake.faults.clear()
        self.cloud.store_faults.clear()
        for _ in range(self.draw.choice((0, 1, 1, 2))):
            times, skip = self.draw.choice((1, 1, 2, 50)), self.draw.randint(0, 6)
            fault = Fault("*", self.draw.choice(KINDS), times, skip)
            where = self.draw.choice((self.cloud.fake.faults, self.cloud.store_faults))
            where.planned.append(fault)

    def _launch(self, order: object) -> None:
        launch(self.cloud.client(), order, self.store, self.budget)  # type: ignore[arg-type]

    def _elsewhere(self, order: object) -> None:
        launch(self.cloud.client(), order, self.elsewhere)  # type: ignore[arg-type]

    def _look(self, _: object) -> None:
        for handle in self.store.newest_first(JobHandle):
            self.cloud.client().status(handle)

    def _cancel(self, order: object) -> None:
        handle = self.store.find(JobHandle, order.request.job_name)  # type: ignore[attr-defined]
        if handle is not None:
            self.cloud.client().cancel(handle)

    def _reconcile(self, order: object) -> None:
        region, provider = order.region, order.request.provider  # type: ignore[attr-defined]
        reconcile(self.cloud.client(), self.store, provider, [region])

    def _in_order(self) -> None:
        self.cloud.fake.faults.clear()
        self.cloud.store_faults.clear()
        announced = {i.job_name for s in (self.store, self.elsewhere)
                     for i in s.newest_first(JobIntent)}  # fmt: skip
        assert {job.name for job in self.cloud.fake.jobs.all} <= announced
        for order in self.orders:
            with suppress(TrainfareError):  # the budget may not hold it
                launch(self.cloud.client(), order, self.store, self.budget)
        self.cloud.clock.pause(10**8)
        for order in self.orders:
            self._one_job(order)
        assert self.store.problems == []

    def _one_job(self, order: object) -> None:
        name, cap = order.request.job_name, order.request.max_usd  # type: ignore[attr-defined]
        made = [job for job in self.cloud.fake.jobs.all if job.name == name]
        assert len(made) <= 1, "paid twice"
        rate = order.estimate.offer.usd_per_hour  # type: ignore[attr-defined]
        for job in made:
            assert job.bill_usd(rate, self.cloud.clock.now) <= cap, "above the cap"
            handle = self.store.find(JobHandle, name)
            if handle is None:  # started elsewhere, while the budget here did not hold it
                assert self.elsewhere.find(JobIntent, name) is not None
                continue
            assert handle.service_id == job.service_id
            came = outcome(self.cloud.client().status(handle), self._intent(name))
            assert came.message is None or "secret" not in came.message
            # What is derived after a preemption counts the wait too: too much, never too little.
            too_much = job.run.interruptions and came.billed_basis == "derived"
            assert came.usd is None or came.usd <= cap or too_much
            self.store.add(came)
            assert self.store.find(Outcome, name) == came

    def _intent(self, name: str) -> JobIntent:
        found = self.store.find(JobIntent, name)
        assert found is not None, "a job without its intent"
        return found


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seeds" in metafunc.fixturenames:
        one = metafunc.config.getoption("--scenario")
        count = metafunc.config.getoption("--scenarios")
        every = [one] if one is not None else list(range(count))
        size = max(1, -(-len(every) // CHUNKS))
        chunks = [every[i : i + size] for i in range(0, len(every), size)]
        metafunc.parametrize("seeds", chunks, ids=lambda c: f"{c[0]}-{c[-1]}")


def test_whatever_happens_there_is_one_job_within_its_cap(
    seeds: list[int], clouds: dict[str, Cloud], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # in no repository: azure-ai-ml would ask git about it for each job
    for seed in seeds:
        try:
            Scenario(seed, clouds, tmp_path / str(seed)).play()
        except BaseException:
            print(f"Play it again: pytest tests/cloud/test_scenarios.py --scenario {seed}")  # noqa: T201
            raise
