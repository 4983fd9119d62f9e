"""A price file is used whole or not at all, and the refusal says where and what."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators.price_cells import _price
from estimators.price_file import OPTIONAL, REQUIRED, read_offers
from results.errors import RecordError

GOOD = {
    "provider": "aws",
    "service": "sagemaker",
    "instance_type": "ml.g5.xlarge",
    "region": "us-east-1",
    "vcpus": "4",
    "memory_gib": "16",
    "accelerator": "A10G",
    "accelerator_count": "1",
    "accelerator_memory_gib": "24",
    "allocation": "on_demand",
    "price_usd_per_hour": "1.41",
    "basis": "published",
    "source": "a price list",
    "as_of": "2026-07",
}


def write(folder: Path, *rows: dict[str, str], header: tuple[str, ...] = REQUIRED) -> Path:
    path = folder / "prices.csv"
    lines = [",".join(header)] + [",".join(row[name] for name in header) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_reads_a_row_with_exact_money_and_unknowns_as_none(tmp_path: Path) -> None:
    (offer,) = read_offers(write(tmp_path, GOOD))
    assert offer.usd_per_hour == Decimal("1.41")
    assert (offer.vcpus, offer.accelerator, offer.accelerator_memory_gib) == (4, "A10G", 24.0)
    assert offer.sku is None and offer.licence is None and offer.notes is None


def test_reads_a_cpu_row(tmp_path: Path) -> None:
    row = GOOD | {"accelerator": "", "accelerator_count": "0", "accelerator_memory_gib": ""}
    (offer,) = read_offers(write(tmp_path, row))
    assert offer.accelerator is None
    assert offer.accelerator_count == 0
    assert offer.accelerator_memory_gib is None


def test_reads_optional_columns_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD | dict.fromkeys(OPTIONAL, "x"), header=REQUIRED + OPTIONAL)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_offers(path)[0].sku == "x"


@pytest.mark.parametrize(
    ("column", "found", "expected"),
    [
        ("price_usd_per_hour", "0", "a price above 0"),
        ("price_usd_per_hour", "0.000", "a price above 0"),
        ("price_usd_per_hour", "-1", "a price above 0"),
        ("price_usd_per_hour", "NaN", "a price above 0"),
        ("price_usd_per_hour", "inf", "a price above 0"),
        ("price_usd_per_hour", "1_0", "a price above 0"),
        ("price_usd_per_hour", "", "a price above 0"),
        ("price_usd_per_hour", "1" * 400, "a price above 0"),
        ("price_usd_per_hour", "0.0000000001", "a price above 0"),
        ("price_usd_per_hour", "1e309", "a price above 0"),
        ("vcpus", "1" * 5000, "a whole number above 0"),
        ("vcpus", "-4", "a whole number above 0"),
        ("vcpus", "٣", "a whole number above 0"),
        ("memory_gib", "1" * 400, "a number above 0"),
        ("memory_gib", "-1", "a number above 0"),
        ("accelerator_count", "inf", "a number above 0"),
        ("vcpus", "four", "a whole number above 0"),
        ("vcpus", "0", "a whole number above 0"),
        ("vcpus", "3.5", "a whole number above 0"),
        ("memory_gib", "nan", "a number above 0"),
        ("accelerator_count", "0", "a number above 0"),
        ("accelerator_memory_gib", "big", "a number above 0"),
        ("provider", "ibm", "one of aws, gcp, azure"),
        ("service", "vertex", "one of sagemaker"),
        ("allocation", "reserved", "one of on_demand, spot"),
        ("basis", "guess", "one of published"),
        ("as_of", "2026-13", "a date such as"),
        ("as_of", "2026-02-30", "a date such as"),
        ("as_of", "yesterday", "a date such as"),
        ("as_of", "", "a date such as"),
        ("region", "", "text without spaces"),
        ("instance_type", " ml.g5", "text without spaces"),
        ("source", "", "text without spaces"),
    ],
)
def test_refuses_a_bad_cell(tmp_path: Path, column: str, found: str, expected: str) -> None:
    path = write(tmp_path, GOOD, GOOD | {column: found})
    with pytest.raises(RecordError) as error:
        read_offers(path)
    text = str(error.value)
    assert str(path) in text
    assert f"line 3, column {column!r}" in text
    assert repr(found if len(found) <= 80 else f"{found[:80]}…") in text
    assert expected in text
    assert "mend it or use another" in text


def test_refuses_a_cpu_row_with_an_accelerator_count(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="names no accelerator"):
        read_offers(write(tmp_path, GOOD | {"accelerator": ""}))


@pytest.mark.parametrize("name", REQUIRED)
def test_refuses_a_missing_column(tmp_path: Path, name: str) -> None:
    header = tuple(column for column in REQUIRED if column != name)
    with pytest.raises(RecordError, match=f"a column '{name}' as well"):
        read_offers(write(tmp_path, GOOD, header=header))


def test_refuses_an_unknown_or_repeated_column(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"'prise', expected each known column once\. Near"):
        read_offers(write(tmp_path, GOOD | {"prise": "1"}, header=(*REQUIRED, "prise")))
    with pytest.raises(RecordError, match="found 'region', expected each known column once"):
        read_offers(write(tmp_path, GOOD, header=(*REQUIRED, "region")))


def test_refuses_a_truncated_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, GOOD)
    path.write_text(path.read_text()[:-20])
    with pytest.raises(RecordError, match=r"line 3: found '1\d cells', expected 14"):
        read_offers(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "line 1: found 'nothing'"),
        (",".join(REQUIRED).encode(), "at least one price"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b'"a', "not a CSV file"),
    ],
)
def test_refuses_what_is_no_price_list(tmp_path: Path, content: bytes, expected: str) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    with pytest.raises(RecordError, match=expected):
        read_offers(path)


def test_refuses_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="Cannot read the price list"):
        read_offers(tmp_path / "none.csv")
    with pytest.raises(RecordError, match="Cannot read the price list"):
        read_offers(tmp_path)


@given(st.decimals(min_value="0.000001", max_value="1000", places=6))
def test_a_price_is_kept_to_its_last_digit(price: Decimal) -> None:
    assert _price(f"{price:f}") == price
