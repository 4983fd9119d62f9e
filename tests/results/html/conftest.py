"""Contents to make pages of, and one real browser for all tests that need one."""

import json
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from results.all_offers import AllOffers, BriefEstimate
from results.bill_lines import BillLine
from results.content import Answer, Content, PastJob
from results.html.page import html
from results.jobs import JobIntent, Outcome
from results.records import (
    EstimateItem,
    GpuReading,
    Provider,
    Run,
    SweepPoint,
)
from results.scaling import Scaling
from tests.results.conftest import (
    build_estimate,
    build_measurement,
    build_quote,
    build_run,
    build_workload,
    span,
    usd,
)

MADE_AT = "2026-11-24T12:00:00+00:00"
# The same browser without windows first: it takes half of the time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
ARGS = (
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PROVIDERS: tuple[Provider, ...] = ("aws", "gcp", "azure")


def brief_offer(place: int, **given: Any) -> BriefEstimate:
    """Offer `place` of a ranking: each costs more than the one before and most take less time."""
    mid = 7200 / (1 + place % 50) + place
    cost = Decimal("0.10") + Decimal(place) / 100
    plain: dict[str, Any] = {
        "provider": PROVIDERS[place % 3],
        "region": f"region-{place % 20}",
        "instance_type": f"ml.n{place}.xlarge",
        "accelerator": (None, "T4", "A10G", "A100")[place % 4],
        "accelerator_count": 1.0,
        "allocation": "spot" if place % 5 == 0 else "on_demand",
        "usd_per_hour": Decimal("0.50") + Decimal(place) / 100,
        "basis": "published",
        "as_of": "2026-11-01",
        "grade": "projected",
        "seconds": span(mid / 2, mid, 2 * mid),
        "usd": usd(str(cost / 2), str(cost), str(2 * cost)),
        "bill": 0,
    }
    return BriefEstimate(**plain | given)


def bill_lines() -> tuple[BillLine, ...]:
    """A bill of one hour of training, its start-up for a fixed amount."""
    return tuple(
        BillLine(
            name=name,
            seconds=seconds,
            fixed_usd=amount,
            billed_by="SageMaker",
            evidence="projected",
        )
        for name, seconds, amount in (
            ("start-up", span(60, 120, 240), usd("0.01", "0.02", "0.04")),
            ("training", span(1800, 3600, 7200), None),
        )
    )


def build_answer(count: int = 30, run: Run | None = None, **workload: Any) -> Answer:
    """A quote of one workload with `count` offers, all of them with a bill."""
    work = build_workload(**workload)
    items = tuple(
        EstimateItem(
            name=name,
            seconds=span(60, 120, 240),
            usd=usd("0.05", "0.10", "0.20"),
            billed_by="SageMaker",
            evidence="assumed",
        )
        for name in ("start-up", "training")
    )
    estimates = tuple(
        build_estimate(work, provider=provider, items=items, assumptions=("starts soon",))
        for provider in PROVIDERS
    )
    ranked = tuple(brief_offer(place) for place in range(count))
    quote = build_quote(*estimates, left_out=(("too small", 3),))
    offers = AllOffers(
        quote_id=quote.quote_id,
        captured_at=quote.captured_at,
        estimates=ranked,
        bills=(bill_lines(),),
    )
    return Answer(quote=quote, run=run or build_run(**workload), offers=offers)


def past_job(name: str, billed: str | None, **given: Any) -> PastJob:
    """A job that was predicted to cost $0.24 to $0.48."""
    estimate = build_estimate()
    intent = JobIntent(
        job_name=name,
        captured_at=MADE_AT,
        provider="aws",
        region="us-east-1",
        request_digest="0",
        source_digest="0",
        estimate=estimate,
        max_usd=Decimal(1),
        max_seconds=600,
    )
    plain: dict[str, Any] = {
        "job_name": name,
        "captured_at": MADE_AT,
        "provider": "aws",
        "region": "us-east-1",
        "instance_type": "ml.g5.xlarge",
        "nodes": 1,
        "state": "succeeded",
        "billed_seconds": 300.0,
        "billed_basis": "reported",
        "usd": None if billed is None else Decimal(billed),
    }
    return PastJob(intent=intent, outcome=Outcome(**plain | given))


def phases(step: float = 0.1) -> tuple[Any, ...]:
    """A step of which loading takes 20%, forward 30% and backward 40%."""
    parts = {"load": 0.2, "forward": 0.3, "backward": 0.4}
    blocks = tuple(step * (1 + 0.001 * i) for i in range(40))
    return (
        *(build_measurement(name, share * step) for name, share in parts.items()),
        build_measurement("step", block_seconds=blocks, samples_per_repeat=64,
                          disturbed=(False,) * 38 + (True,) * 2),
    )  # fmt: skip


def scaling(**given: Any) -> Scaling:
    """Two processes that each keep about 80% of their speed."""
    rounds = tuple(0.1 + 0.001 * (i % 5) for i in range(20))
    plain: dict[str, Any] = {
        "processes": 2,
        "backend": "gloo",
        "threads": 1,
        "batch_size": 64,
        "steps_per_block": 4,
        "single_block_seconds": rounds,
        "parallel_block_seconds": tuple(seconds / 0.8 for seconds in rounds[::-1]),
        "disturbed": (False,) * 18 + (True,) * 2,
    }
    return Scaling(**plain | given)


def full_content(count: int = 30) -> Content:
    """Something in every section of the page."""
    runs = [
        build_run(
            run_id=f"r{i}", captured_at=f"2026-11-{i + 1:02}T00:00:00+00:00", commit=f"c0ffee{i}",
            measurements=phases(0.1 + 0.01 * i), batch_size=64,
        )
        for i in range(4)
    ]  # fmt: skip
    sweep = tuple(
        SweepPoint(batch_size=size, step_seconds=(0.05 + size / 1000,) * 7)
        for size in (32, 64, 128)
    )
    gpu = GpuReading(
        utilization_percent=91.5, power_watts=250.0, sm_clock_mhz=None, memory_used_bytes=None
    )
    runs.append(
        build_run(
            run_id="gpu", name="rnn", device="cuda:0", device_name="NVIDIA A10G", gpu=gpu,
            measurements=phases(0.01), energy_joules=3200.0, energy_steps=500, batch_size=64,
        )
    )  # fmt: skip
    runs.append(build_run(run_id="swept", measurements=phases(), sweep=sweep, scaling=scaling()))
    return Content(
        made_at=MADE_AT,
        runs=tuple(runs),
        answers=(build_answer(count, runs[-1]),),
        jobs=(past_job("job-a", "0.40"), past_job("job-b", "0.60"), past_job("job-c", None)),
        problems=("runs/bad.json is left out: not JSON.",),
    )


def contended_content() -> Content:
    noisy = build_measurement(block_seconds=(0.1, 90.0, 0.2), disturbed=(True,) * 3)
    run = build_run(measurements=(noisy,), warnings=("the machine was busy",))
    return Content(made_at=MADE_AT, runs=(run,), answers=(build_answer(3, run),))


def gpu_content(gpu: GpuReading | None) -> Content:
    run = build_run(device="cuda:0", device_name="NVIDIA A10G", gpu=gpu, measurements=phases())
    return Content(made_at=MADE_AT, runs=(run,), answers=(build_answer(3, run),))


def many_runs() -> Content:
    """A thousand runs of ten workloads."""
    runs = tuple(
        build_run(
            run_id=f"r{i}", name=f"net-{i % 10}", commit=f"{i:07x}",
            captured_at=f"2026-{1 + i // 100:02}-{1 + i % 28:02}T00:00:00+00:00",
            measurements=phases(0.1 + 0.0001 * (i % 37)),
        )
        for i in range(1000)
    )  # fmt: skip
    answers = tuple(build_answer(200, run, name=run.workload.name) for run in runs[-10:])
    return Content(made_at=MADE_AT, runs=runs, answers=answers)


CASES: dict[str, Callable[[], Content]] = {
    "full": full_content,
    "empty": lambda: Content(made_at=MADE_AT),
    "one record": lambda: Content(made_at=MADE_AT, runs=(build_run(),)),
    "a thousand records": many_runs,
    "a GPU that told nothing": lambda: gpu_content(None),
    "unknown prices": lambda: Content(
        made_at=MADE_AT, runs=(build_run(),), jobs=(past_job("job", None, billed_seconds=None),)
    ),
    "contended": contended_content,
}


def data_of(page: str) -> dict[str, Any]:
    """What the scripts of a page are given."""
    text = page.split('<script type="application/json" id="data">')[1].split("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found


class Sheet:
    """A page that is open in the browser, and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    @property
    def count(self) -> str:
        """What the page says of how many offers it shows."""
        return self.page.inner_text("#count")

    def rows(self) -> list[list[str]]:
        """Cells of the table of offers."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            "#offer-table tbody tr", "rows => rows.map(r => [...r.cells].map(c => c.innerText))"
        )
        return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no Chromium here; Debian: apt-get install chromium-headless-shell")
    with sync_playwright() as driver:
        # Without its sandbox, for in a container root has none; it opens our own files only.
        started = driver.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGS), chromium_sandbox=False
        )
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Sheet]]:
    """`show(content, width=360, color_scheme="dark")` opens the report from the disk."""
    contexts = []

    def opened(content: Content, width: int = 1280, **given: Any) -> Sheet:
        path = tmp_path / "report.html"
        path.write_text(html(content), encoding="utf-8")
        size: Any = {"width": width, "height": 800}
        contexts.append(browser.new_context(viewport=size, **given))
        sheet = Sheet(contexts[-1].new_page())
        sheet.page.goto(path.as_uri())
        return sheet

    yield opened
    for context in contexts:
        context.close()
