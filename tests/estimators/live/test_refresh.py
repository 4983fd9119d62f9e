"""A refresh is whole, checked and alone; whatever goes wrong, the old list stays in force."""

import json
import logging
import os
import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from filelock import FileLock

from estimators import snapshot
from estimators.catalog import find_offer
from estimators.live import pages
from estimators.live import refresh as live
from estimators.live.row import FetchError
from results.errors import NoAnswerError, RecordError, UsageError
from tests.estimators.live.conftest import CUT, Asked, Service, sample, silent

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])
Serve = Callable[..., Service]
T4 = sample("azure_retail_prices_traps.json")["Items"][-1]
PAGE = 30  # items: three pages a region
GONE = (400, {}, b'{"Error": {"Message": "Invalid skip token"}}')


class Azure:
    """A Retail Prices API with the packaged prices, all times a factor, a page at a time."""

    def __init__(self, serve: Serve, factor: str = "1", share: float = 1.0) -> None:
        offers = [o for o in snapshot.in_force()[0] if o.provider == "azure"]
        self.items = [
            T4
            | {"armSkuName": o.instance_type, "armRegionName": o.region, "skuName": o.instance_type}
            | {"retailPrice": float(o.usd_per_hour * Decimal(factor)), "productName": "Linux"}
            for o in offers[: int(share * len(offers))]
        ]
        self.fails: dict[tuple[str, int], Any] = {}  # by region and page, from 0
        self.asked: Counter[tuple[str, int]] = Counter()
        self.service = serve(self.answer)

    def answer(self, asked: Asked) -> Any:
        query = parse_qs(urlsplit(asked.path).query)
        found = re.search(r"armRegionName eq '([^']+)'", query["$filter"][0])
        assert found
        region, number = found[1], int(query.get("$skip", ["0"])[0]) // PAGE
        self.asked[region, number] += 1
        if (region, number) in self.fails:
            return self.fails[region, number]
        items = [item for item in self.items if item["armRegionName"] == region]
        more = items[(number + 1) * PAGE :]
        link = f"{self.service.address}/api/retail/prices?$filter={query['$filter'][0]}"
        return {
            "Items": items[number * PAGE : (number + 1) * PAGE],
            "NextPageLink": f"{link}&$skip={(number + 1) * PAGE}" if more else None,
        }

    def refresh(self, force: bool = False, progress: Any = silent) -> live.Refreshed:
        services = live.Services(addresses={"azure": self.service.address}, patience_seconds=0)
        return live.refresh("azure", progress, force, services)


def rate() -> Decimal:
    offers, problems = snapshot.in_force()
    assert problems == []
    return find_offer(offers, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand").usd_per_hour


def test_a_refresh_is_in_force_and_beside_the_old(serve: Serve, own_folder: Path) -> None:
    assert rate() == Decimal("0.526")
    first = Azure(serve, "1.1").refresh()
    assert rate() == Decimal("0.5786")
    assert (first.offers, len(first.difference.changed)) == (404, 404)
    first.path.rename(first.path.with_name(first.path.name.replace("2026", "2025", 1)))
    second = Azure(serve, "1.1").refresh()
    assert rate() == Decimal("0.63646")
    assert {p.suffix for p in own_folder.glob("azure-*")} == {".csv"}
    assert len(list(own_folder.glob("azure-*.csv"))) == 2
    assert second.path.exists()
    offers, _ = snapshot.in_force()
    assert len(offers) == 1482  # the other providers are as they were
    today = datetime.now(UTC).date().isoformat()
    assert {o.as_of for o in offers if o.provider == "azure"} == {today}


@pytest.mark.parametrize(
    ("factor", "share", "told"),
    [
        ("1", 0.0, "no price of a known instance type"),
        ("1.31", 1.0, "404 prices of azure changed by more than 30%"),
        ("0.69", 1.0, "--force"),
        ("1", 0.4, "only 161 of the 404"),
    ],
)
def test_a_list_that_is_refused(
    serve: Serve, factor: str, share: float, told: str, own_folder: Path
) -> None:
    with pytest.raises((RecordError, FetchError), match=told):
        Azure(serve, factor, share).refresh()
    assert rate() == Decimal("0.526")
    assert list(own_folder.glob("*.csv")) == []
    Azure(serve, "1.1").refresh()  # what was refused does not come back
    assert rate() == Decimal("0.5786")


def test_large_changes_may_be_forced(serve: Serve) -> None:
    Azure(serve, "2").refresh(force=True)
    assert rate() == Decimal("1.052")


@pytest.mark.parametrize("left_out", ["armSkuName", "armRegionName"])
def test_what_one_answer_left_out_comes_back_with_the_next(serve: Serve, left_out: str) -> None:
    azure = Azure(serve, "1.1")
    whole, name = azure.items, {"armSkuName": T4["armSkuName"], "armRegionName": "eastus"}[left_out]
    azure.items = [item for item in whole if item[left_out] != name]
    first = azure.refresh()
    assert first.offers == len(azure.items) < 404
    first.path.rename(first.path.with_name(first.path.name.replace("2026", "2025", 1)))
    with pytest.raises((UsageError, NoAnswerError)):
        rate()
    azure.items = whole
    assert azure.refresh().offers == 404
    assert rate() == Decimal("0.5786")


def test_two_at_once(serve: Serve, own_folder: Path) -> None:
    own_folder.mkdir(parents=True)
    azure = Azure(serve, "1.1")
    with FileLock(own_folder / ".refresh.lock"), pytest.raises(UsageError, match="is running"):
        azure.refresh()
    assert rate() == Decimal("0.526") and not azure.asked
    azure.refresh()


EASTUS = ("eastus", 2)  # the last of its three pages


@pytest.fixture
def interrupted(serve: Serve) -> Azure:
    """A refresh that was cut off in the middle of a region."""
    azure = Azure(serve, "1.1")
    azure.fails[EASTUS] = CUT
    with pytest.raises(FetchError):
        azure.refresh()
    assert rate() == Decimal("0.526")
    assert azure.asked["eastus", 0] == azure.asked["eastus", 1] == 1
    azure.fails.clear()
    return azure


def test_an_interrupted_refresh_goes_on_with_the_next_page(
    interrupted: Azure, own_folder: Path
) -> None:
    before = Counter(interrupted.asked)
    assert len(list((own_folder / "partial").rglob("*.json"))) == len(before) - 1
    assert interrupted.refresh().offers == 404
    assert rate() == Decimal("0.5786")
    again = interrupted.asked - before
    assert again.keys() & before.keys() == {EASTUS}  # the one that had failed
    assert set(again.values()) == {1}
    assert not list((own_folder / "partial").rglob("*.json"))


def test_a_token_that_expired_begins_its_region_anew(
    interrupted: Azure, caplog: pytest.LogCaptureFixture
) -> None:
    before = Counter(interrupted.asked)
    interrupted.fails[EASTUS] = GONE
    answered: list[int] = []

    def expired(asked: Asked) -> Any:
        answer = Azure.answer(interrupted, asked)
        if answer is GONE:
            answered.append(1)
            interrupted.fails.clear()
        return answer

    interrupted.service.answer = expired
    with caplog.at_level(logging.INFO, logger="trainfare"):
        assert interrupted.refresh().offers == 404
    (line,) = [record.getMessage() for record in caplog.records]
    assert "eastus" in line and "begun anew" in line
    again = interrupted.asked - before
    assert again["eastus", 0] == again["eastus", 1] == 1 and again[EASTUS] == 2
    regions = {region for region, _ in before} - {"eastus"}
    assert not [key for key in again if key[0] in regions]  # those were whole


def test_a_request_that_is_refused_at_once_is_told(serve: Serve) -> None:
    azure = Azure(serve)
    azure.fails["eastus", 0] = GONE
    with pytest.raises(FetchError, match="answered 400"):
        azure.refresh()
    assert azure.asked["eastus", 0] == 1


@pytest.mark.parametrize("hours", [7, -1])
def test_what_was_fetched_long_ago_is_fetched_again(
    interrupted: Azure, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = pages.time.time()
    monkeypatch.setattr(pages.time, "time", lambda: now + hours * 3600)
    before = Counter(interrupted.asked)
    interrupted.refresh()
    assert (interrupted.asked - before).keys() >= before.keys()


def test_pages_of_another_address_are_not_taken(interrupted: Azure, serve: Serve) -> None:
    other = Azure(serve, "1.2")
    other.refresh()
    assert rate() == Decimal("0.6312")
    assert other.asked.keys() >= interrupted.asked.keys()


@pytest.mark.parametrize("damage", [b"", b"{", b"[3]", b'{"format": 1}', "flip"])
def test_a_damaged_page_and_those_after_it_are_fetched_again(
    interrupted: Azure, own_folder: Path, damage: Any
) -> None:
    (first,) = (own_folder / "partial" / "azure").glob("eastus~0001~*.json")
    raw = first.read_bytes()
    first.write_bytes(raw.replace(b"0.", b"9.", 1) if damage == "flip" else damage)
    assert interrupted.refresh().offers == 404
    assert interrupted.asked["eastus", 0] == interrupted.asked["eastus", 1] == 2
    assert rate() == Decimal("0.5786")


def test_a_page_that_is_whole_but_not_ours(interrupted: Azure, own_folder: Path) -> None:
    folder = own_folder / "partial" / "azure"
    (first,) = folder.glob("eastus~0001~*.json")
    kept = json.loads(first.read_bytes()) | {"format": 0}
    text = json.dumps(kept)
    first.unlink()
    digest = pages.hashlib.sha256(text.encode()).hexdigest()[:16]
    (folder / f"eastus~0001~{digest}.json").write_text(text)
    assert interrupted.refresh().offers == 404
    assert interrupted.asked["eastus", 0] == 2


def test_a_full_disk(serve: Serve, monkeypatch: pytest.MonkeyPatch, own_folder: Path) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"No space left on device.*TRAINFARE_PRICES"):
        Azure(serve, "1.1").refresh()
    monkeypatch.undo()
    monkeypatch.setenv("TRAINFARE_PRICES", str(own_folder))
    assert rate() == Decimal("0.526")
    assert [p for p in own_folder.rglob("*") if p.is_file() and "lock" not in p.name] == []


def test_a_flipped_byte_leaves_the_older_one_in_force(serve: Serve) -> None:
    path = Azure(serve, "1.1").refresh().path
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"0.5786")] ^= 1  # a price that still reads as one
    path.write_bytes(raw)
    offers, problems = snapshot.in_force()
    assert "checksum" in problems[0] and str(path) in problems[0]
    found = find_offer(offers, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand")
    assert found.usd_per_hour == Decimal("0.526")


def test_a_flipped_byte_in_a_packaged_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    copy = tmp_path / "azureml.csv"
    copy.write_bytes(snapshot.PACKAGED_OF["azure"].read_bytes().replace(b"0.526", b"0.536", 1))
    monkeypatch.setitem(snapshot.PACKAGED_OF, "azure", copy)
    with pytest.raises(RecordError, match="checksum"):
        snapshot.in_force()


def test_the_packaged_lists_are_as_they_were_written() -> None:
    assert snapshot.in_force()[1] == []


def test_progress_moves_from_region_to_region(serve: Serve) -> None:
    told: list[tuple[str, float]] = []
    Azure(serve).refresh(progress=lambda *what: told.append(what))
    shares = [share for _, share in told]
    assert shares == sorted(shares) and shares[0] == 0 and 0.8 < shares[-1] < 1
    assert ("eastus page 2", dict(told)["eastus page 1"]) in told
