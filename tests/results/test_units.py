"""Figures as people read them: the right unit, no more digits than known, never a false zero."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import money, units
from results.errors import UsageError
from results.records import UsdInterval
from results.statistics import Interval

SECONDS = {"µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def read_seconds(text: str) -> float:
    number, unit = text.split(" ")
    return float(number.replace(",", "")) * SECONDS[unit]


def read_usd(text: str) -> Decimal:
    assert text.startswith("$")
    return Decimal(text[1:].replace(",", ""))


def span(low: float, high: float) -> Interval:
    return Interval(low=low, mid=(low + high) / 2, high=high)


def usd(low: str, high: str) -> UsdInterval:
    return UsdInterval(low=Decimal(low), mid=Decimal(low), high=Decimal(high))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 µs"),
        (2e-9, "0.00200 µs"),
        (4.6e-6, "4.60 µs"),
        (0.0046, "4.60 ms"),
        (0.999, "999 ms"),
        (1, "1.00 s"),
        (11.3, "11.3 s"),
        (89.9, "89.9 s"),
        (90, "1.50 min"),
        (744, "12.4 min"),
        (5399, "90.0 min"),
        (5400, "1.50 h"),
        (86400, "24.0 h"),
        (2 * 86400, "2.00 d"),
        (216000, "2.50 d"),
    ],
)
def test_seconds(value: float, text: str) -> None:
    assert units.seconds_text(value) == text


@given(st.floats(1e-9, 1e9))
def test_seconds_read_back_to_three_digits(value: float) -> None:
    assert read_seconds(units.seconds_text(value)) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (96, 186, "1.6–3.1 min"),
        (0.0100, 0.0123, "10–12 ms"),
        (3600, 43200, "1–12 h"),
        (11.2, 11.2, "11 s"),
        (0.1, 200000, "100 ms–2.3 d"),
        (0, 0, "0 µs"),
    ],
)
def test_a_range_has_the_unit_of_its_upper_end(low: float, high: float, text: str) -> None:
    assert units.seconds_range(span(low, high)) == text


def test_a_lower_end_far_below_is_not_shown_as_0() -> None:
    assert units.seconds_range(span(0.0248, 1.1)) == "25 ms–1.1 s"
    assert units.seconds_range(span(0.0, 1.1)) == "0.0–1.1 s"


@given(st.floats(0, 1e8), st.floats(1e-8, 1e8))
def test_a_range_of_seconds_reads_back(one: float, other: float) -> None:
    low, high = sorted((one, other))
    text = units.seconds_range(span(low, high))
    unit = text.rpartition(" ")[2]
    ends = [end.split(" ") for end in text.split("–")]
    found = [float(end[0].replace(",", "")) * SECONDS[(end[1:] or [unit])[0]] for end in ends]
    assert found[-1] == pytest.approx(high, rel=0.051)
    assert found[0] == pytest.approx(low, abs=0.051 * high)
    assert found[0] <= found[-1]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1234.4", "$1,234"),
        ("1234567", "$1,234,567"),
        ("99.99", "$99.99"),
        ("4.1", "$4.10"),
        ("4.105", "$4.11"),
        ("1", "$1.00"),
        ("0.5", "$0.50"),
        ("0.0234", "$0.023"),
        ("0.00041", "$0.00041"),
        ("1E-7", "<$0.000001"),
        ("0", "$0.00"),
    ],
)
def test_usd(value: str, text: str) -> None:
    assert units.usd_text(Decimal(value)) == text


@given(st.decimals("1E-6", "1E9", allow_nan=False, allow_infinity=False))
def test_no_price_above_zero_reads_as_zero(value: Decimal) -> None:
    found = read_usd(units.usd_text(value))
    assert found > 0
    assert abs(found - value) <= max(Decimal("0.051") * value if value < 1 else 0, half(value))


def half(value: Decimal) -> Decimal:
    return Decimal("0.5") if value >= 100 else Decimal("0.005") if value >= 1 else Decimal(0)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("0.31", "0.44", "$0.31–0.44"),
        ("0.311", "0.312", "$0.31"),
        ("9.5", "12.25", "$9.50–12.25"),
        ("1234", "5678.9", "$1,234–5,679"),
        ("0.00031", "0.00044", "$0.00031–0.00044"),
        ("0", "0", "$0.00"),
        ("0.001", "5", "$0.00–5.00"),
        ("1E-9", "2E-7", "<$0.000001"),
    ],
)
def test_a_range_of_usd(low: str, high: str, text: str) -> None:
    assert units.usd_range(usd(low, high)) == text


@given(
    st.decimals("1E-5", "1E7", allow_nan=False, allow_infinity=False),
    st.decimals("1E-5", "1E7", allow_nan=False, allow_infinity=False),
)
def test_a_range_of_usd_reads_back(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    found = [
        Decimal(p.replace(",", ""))
        for p in units.usd_range(usd(str(low), str(high)))[1:].split("–")
    ]
    assert found[-1] > 0
    assert 0 <= found[0] <= found[-1]
    assert abs(found[-1] - high) <= max(Decimal("0.051") * high if high < 1 else 0, half(high))


@given(st.decimals("0", "1E9", allow_nan=False, allow_infinity=False))
def test_a_cap_is_never_below_the_cost_nor_a_cent_above(value: Decimal) -> None:
    cap = Decimal(units.ceiling_usd(value))
    assert value <= cap
    assert cap - value < Decimal("0.01") or cap == Decimal("0.01")
    assert cap > 0


@pytest.mark.parametrize(
    ("value", "text"), [("0.441", "0.45"), ("0.45", "0.45"), ("0", "0.01"), ("1200", "1200.00")]
)
def test_a_cap_can_be_typed(value: str, text: str) -> None:
    assert units.ceiling_usd(Decimal(value)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (383, "383"),
        (12_400, "12,400"),
        (8.3e6, "8.30 million"),
        (12.1e9, "12.1 billion"),
        (2e12, "2.00 trillion"),
        (0.5, "0.500"),
        (0, "0"),
    ],
)
def test_count(value: float, text: str) -> None:
    assert units.count_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1, "1.00"), (0.000123, "0.000123"), (-2.5, "-2.50"), (60000, "60,000")],
)
def test_digits(value: float, text: str) -> None:
    assert units.digits(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_unknown_not_zero(value: float) -> None:
    assert units.digits(value) == "unknown"


@given(st.floats(1e-12, 1e12))
def test_digits_are_never_written_with_an_exponent(value: float) -> None:
    text = units.digits(value)
    assert "e" not in text
    assert float(text.replace(",", "")) == pytest.approx(value, rel=0.00501)


@pytest.mark.parametrize(
    ("value", "text"),
    [(2**20, "1.00 MiB"), (412 * 2**20, "412 MiB"), (2**30, "1.00 GiB"), (80 * 2**30, "80.0 GiB")],
)
def test_bytes(value: int, text: str) -> None:
    assert units.bytes_text(value) == text


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (-5, "just now"),
        (-86400 * 365 * 73, "in the future"),
        (59, "just now"),
        (60, "1 min ago"),
        (150, "2 min ago"),
        (5 * 3600, "5 h ago"),
        (3 * 86400 + 5, "3 d ago"),
    ],
)
def test_age(age: float, text: str) -> None:
    assert units.age_text(age) == text


def test_spread() -> None:
    assert units.spread_text(Interval(low=9.86, mid=10.0, high=10.14)) == "±1.4%"
    assert units.spread_text(Interval(low=5.0, mid=10.0, high=25.0)) == "±100%"
    assert units.spread_text(Interval(low=0.0, mid=0.0, high=1.0)) == "±unknown%"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        (["1.41"], ["1.41", "1.41"]),
        (["2.91635", "0"], ["2.92", "0.00", "2.92"]),
        (["0.225", "0.025"], ["0.225", "0.025", "0.250"]),  # not 0.23 + 0.03 = 0.25
        (["606.0441", "0.16068"], ["606.04", "0.16", "606.20"]),
        (["0.001753", "0.003507", "0.000688"], ["0.00175", "0.00351", "0.00069", "0.00595"]),
        (["1234.5", "0.000001"], ["1,234.500000", "0.000001", "1,234.500001"]),
    ],
)
def test_the_lines_of_a_bill_add_up_as_they_are_shown(lines: list[str], shown: list[str]) -> None:
    amounts = [Decimal(line) for line in lines]
    found = units.usd_column([*amounts, sum(amounts, Decimal(0))])
    *each, total = (Decimal(text.replace(",", "")) for text in found)
    assert sum(each) == total
    assert found == shown


def test_another_currency_is_for_the_eye_only() -> None:
    with money.shown_in(money.Currency.of("eur", Decimal("0.5"))):
        assert units.usd_text(Decimal("4")) == "EUR 2.00"
        assert units.usd_range(usd("2", "4")) == "EUR 1.00–2.00"
        assert units.usd_column([Decimal("1234.567")] * 2) == ["617.28"] * 2
        assert units.ceiling_usd(Decimal("4")) == "4.00"  # what is typed stays in USD
    assert units.usd_text(Decimal("4")) == "$4.00"


@pytest.mark.parametrize(
    ("code", "rate", "told"),
    [
        ("EUR", None, "--currency EUR --rate"),
        ("USD", Decimal("0.9"), "another currency"),
        ("euro", Decimal("0.9"), "three letters"),
        ("€", Decimal("0.9"), "three letters"),
    ],
)
def test_a_currency_that_is_none(code: str, rate: Decimal | None, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        money.Currency.of(code, rate)


def test_one_of_a_kind_is_no_plural() -> None:
    assert [units.counted(n, "core") for n in (0, 0.5, 1, 2)] == [
        "0 cores", "0.5 cores", "1 core", "2 cores"
    ]  # fmt: skip
