"""A refresh is whole, checked and alone; whatever goes wrong, the old list stays in force."""

import json
import os
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from estimators import snapshot
from estimators.catalog import find_offer
from estimators.live import refresh as live
from estimators.live.row import FetchError, LiveRow, Part, Source, pieces, rows_of
from results.errors import RecordError, UsageError
from tests.estimators.live.conftest import silent

TODAY = "2026-11-25"


def azure_rows(factor: str = "1", share: float = 1.0) -> list[LiveRow]:
    """The packaged prices, all times a factor, or only a share of them."""
    offers = [o for o in snapshot.in_force()[0] if o.provider == "azure"]
    return [
        LiveRow(
            instance_type=o.instance_type,
            region=o.region,
            allocation=o.allocation,
            usd_per_hour=o.usd_per_hour * Decimal(factor),
            basis="published",
            source="a test",
            as_of=TODAY,
        )
        for o in offers[: int(share * len(offers))]
    ]


def serving(*parts: Sequence[LiveRow] | BaseException) -> Callable[..., Source]:
    """A price service with these parts; an error is raised when its part is fetched."""

    def fetch(part: Sequence[LiveRow] | BaseException) -> list[Any]:
        if isinstance(part, BaseException):
            raise part
        return pieces(part)

    made = [Part(name=str(n), fetch=lambda p=p: fetch(p)) for n, p in enumerate(parts)]
    return lambda *_: Source(parts=made, rows=rows_of)


def rate() -> Decimal:
    offers, problems = snapshot.in_force()
    assert problems == []
    return find_offer(offers, "azure", "Standard_NC4as_T4_v3", "eastus", "on_demand").usd_per_hour


def refresh(source: Any, force: bool = False) -> live.Refreshed:
    return live.refresh("azure", silent, force, source=source)


def test_a_refresh_is_in_force_and_beside_the_old(own_folder: Path) -> None:
    assert rate() == Decimal("0.526")
    first = refresh(serving(azure_rows("1.1")))
    assert rate() == Decimal("0.5786")
    assert (first.offers, len(first.difference.changed)) == (404, 404)
    first.path.rename(first.path.with_name(first.path.name.replace("2026", "2025", 1)))
    second = refresh(serving(azure_rows("1.1")))
    assert rate() == Decimal("0.63646")
    assert {p.suffix for p in own_folder.glob("azure-*")} == {".csv"}
    assert len(list(own_folder.glob("azure-*.csv"))) == 2
    assert second.path.exists()
    offers, _ = snapshot.in_force()
    assert len(offers) == 1482  # the other providers are as they were
    assert {o.as_of for o in offers if o.provider == "azure"} == {TODAY}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (list, "no price of a known instance type"),
        (lambda: azure_rows("1.31"), "404 prices of azure changed by more than 30%"),
        (lambda: azure_rows("0.69"), "--force"),
        (lambda: azure_rows(share=0.4), "only 161 of the 404"),
    ],
)
def test_a_list_that_is_refused(rows: Any, told: str, own_folder: Path) -> None:
    with pytest.raises((RecordError, FetchError), match=told):
        refresh(serving(rows()))
    assert rate() == Decimal("0.526")
    assert list(own_folder.glob("*.csv")) == []


def test_large_changes_may_be_forced() -> None:
    refresh(serving(azure_rows("2")), force=True)
    assert rate() == Decimal("1.052")


def test_two_at_once(own_folder: Path) -> None:
    own_folder.mkdir(parents=True)
    with FileLock(own_folder / ".refresh.lock"), pytest.raises(UsageError, match="is running"):
        refresh(serving(azure_rows("1.1")))
    assert rate() == Decimal("0.526")
    refresh(serving(azure_rows("1.1")))


def test_an_interrupted_refresh_goes_on_where_it_was(own_folder: Path) -> None:
    rows = azure_rows("1.1")
    with pytest.raises(KeyboardInterrupt):
        refresh(serving(rows[:200], KeyboardInterrupt()))
    assert rate() == Decimal("0.526")
    again = serving(AssertionError("fetched twice"), rows[200:])
    assert refresh(again).offers == 404
    assert not list((own_folder / "partial").rglob("*.json"))


def test_what_was_fetched_long_ago_is_fetched_again(own_folder: Path) -> None:
    with pytest.raises(FetchError):
        refresh(serving(azure_rows("3"), FetchError("gone")))
    for path in (own_folder / "partial").rglob("*.json"):
        os.utime(path, (0, 0))
    refresh(serving(azure_rows("1.1"), []))
    assert rate() == Decimal("0.5786")


def test_a_damaged_part_is_fetched_again(own_folder: Path) -> None:
    path = own_folder / "partial" / "azure" / "0.json"
    path.parent.mkdir(parents=True)
    for text in ("{", '{"a": 1}', "[3]"):
        path.write_text(text, encoding="utf-8")
        refresh(serving(azure_rows("1")))


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, own_folder: Path) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"No space left on device.*TRAINFARE_PRICES"):
        refresh(serving(azure_rows("1.1")))
    monkeypatch.undo()
    monkeypatch.setenv("TRAINFARE_PRICES", str(own_folder))
    assert rate() == Decimal("0.526")
    assert [p for p in own_folder.rglob("*") if p.is_file() and "lock" not in p.name] == []


def test_a_flipped_byte_leaves_the_older_one_in_force() -> None:
    path = refresh(serving(azure_rows("1.1"))).path
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


def test_kept_rows_read_back_exactly() -> None:
    rows = azure_rows("1.1")
    assert rows_of(json.loads(json.dumps(pieces(rows)))) == rows


def test_progress_moves_from_part_to_part() -> None:
    told: list[tuple[str, float]] = []
    rows = azure_rows()
    live.refresh(
        "azure", lambda *what: told.append(what), source=serving(rows[:9], rows[9:99], rows[99:])
    )
    assert told == [("0", 0.0), ("1", pytest.approx(1 / 3)), ("2", pytest.approx(2 / 3))]
