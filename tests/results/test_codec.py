"""Records survive JSON; whatever is not exactly a record is refused in one sentence."""

import dataclasses
import json
import types
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from results import codec, records
from results.errors import RecordError, TrainfareError
from results.records import (
    SCHEMA_VERSION,
    Estimate,
    EstimateItem,
    GpuReading,
    Job,
    JobRequest,
    Machine,
    Measurement,
    Offer,
    Quote,
    Run,
    SweepPoint,
    UsdInterval,
    Workload,
)
from results.statistics import Interval

KINDS: list[type] = [
    Workload, Machine, GpuReading, SweepPoint, Measurement, Run, Offer, Job, UsdInterval,
    EstimateItem, Estimate, Quote, JobRequest, Interval,
]  # fmt: skip
FIELDS = [(kind, field.name) for kind in KINDS for field in dataclasses.fields(kind)]

finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | finite | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
gentle = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)  # a quote of quotes is slow to draw


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Every value that a field with this type hint may have."""
    origin, args = get_origin(hint), get_args(hint)
    if hint is float:
        return finite
    if hint is Decimal:
        return st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**9)
    if hint is Interval:
        ends = st.lists(finite, min_size=3, max_size=3).map(sorted)
        return ends.map(lambda e: Interval(low=e[0], mid=e[1], high=e[2]))
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (types.UnionType, Union):
        return st.one_of([st.none() if arg is type(None) else values(arg) for arg in args])
    if origin is tuple and args[1:] == (Ellipsis,):
        return st.lists(values(args[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if origin is dict:
        return st.dictionaries(st.text(max_size=9), json_values, max_size=3)
    if dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{name: values(inner) for name, inner in hints.items()})
    return st.from_type(hint)


def refused(text: str, kind: type = Run) -> str:
    """The one sentence with which `text` is refused."""
    with pytest.raises(RecordError) as caught:
        codec.loads(text, kind)
    sentence = str(caught.value)
    assert isinstance(caught.value, TrainfareError)
    assert caught.value.exit_code == 2
    assert sentence
    assert "\n" not in sentence
    assert len(sentence) < 300
    return sentence


def changed(record: Any, **changes: Any) -> str:
    """The record as JSON with fields set; a field that is given `...` is left out."""
    plain = json.loads(codec.dumps(record)) | changes
    return json.dumps({key: item for key, item in plain.items() if item is not ...})


def test_every_record_type_is_tested() -> None:
    known = {kind for kind in vars(records).values() if dataclasses.is_dataclass(kind)}
    assert known == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
@gentle
@given(data=st.data())
def test_round_trip(kind: type, data: st.DataObject) -> None:
    record = data.draw(values(kind))
    text = codec.dumps(record)
    assert codec.loads(text, kind) == record
    assert codec.dumps(codec.loads(text, kind)) == text


@pytest.mark.parametrize("kind", KINDS)
def test_the_type_of_each_value_returns(kind: type, samples: dict[type, Any]) -> None:
    back = codec.loads(codec.dumps(samples[kind]), kind)
    for field in dataclasses.fields(kind):
        given, found = getattr(samples[kind], field.name), getattr(back, field.name)
        assert type(found) is type(given)
    if kind is not JobRequest:  # it holds a dict
        assert hash(back) == hash(samples[kind])


def test_kind_and_version_come_with_the_record(samples: dict[type, Any]) -> None:
    plain = json.loads(codec.dumps(samples[Run]))
    assert (plain["kind"], plain["schema_version"]) == ("Run", SCHEMA_VERSION)
    assert "größe-数" in codec.dumps(samples[Run])  # readable, not escaped


def test_money_stays_exact(samples: dict[type, Any]) -> None:
    offer = dataclasses.replace(samples[Offer], usd_per_hour=Decimal("0.1000000000000000055511"))
    text = codec.dumps(offer)
    assert json.loads(text)["usd_per_hour"] == "0.1000000000000000055511"
    assert codec.loads(text, Offer).usd_per_hour == offer.usd_per_hour
    small = dataclasses.replace(offer, usd_per_hour=Decimal("1E-9"))
    assert json.loads(codec.dumps(small))["usd_per_hour"] == "0.000000001"


def test_an_integer_is_a_float_where_one_is_meant(samples: dict[type, Any]) -> None:
    found = codec.loads(changed(samples[Offer], memory_gib=16), Offer)
    assert type(found.memory_gib) is float


@pytest.mark.parametrize("text", ["", " ", "null", "[]", "1", '"Run"', "{", "\ufeff{}", "{'a': 1}"])
def test_what_is_no_object_is_refused(text: str) -> None:
    assert refused(text).startswith(("not JSON", "expected a Run record"))


def test_any_truncation_is_refused(samples: dict[type, Any]) -> None:
    text = codec.dumps(samples[Run])
    for length in range(len(text)):
        assert refused(text[:length]).startswith("not JSON")


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "9" * 5000])
def test_json_made_to_exhaust_is_refused(text: str) -> None:
    assert refused(text).startswith("not JSON")


@given(json_values)
def test_foreign_json_is_refused(value: Any) -> None:
    refused(json.dumps(value))


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_of_another_kind_is_refused(kind: type, samples: dict[type, Any]) -> None:
    other = Run if kind is not Run else Quote
    assert refused(codec.dumps(samples[other]), kind) == (
        f"expected a {kind.__name__} record, found {other.__name__!r}"
    )


@pytest.mark.parametrize("version", [0, -1, SCHEMA_VERSION + 1, 1.0, "1", True, None, [1], ...])
def test_another_schema_version_is_refused(version: Any, samples: dict[type, Any]) -> None:
    sentence = refused(changed(samples[Run], schema_version=version))
    assert sentence.startswith("schema_version is ")
    assert sentence.endswith(f"this trainfare reads 1 to {SCHEMA_VERSION}")


@pytest.mark.parametrize("kind", KINDS)
def test_an_extra_key_is_named(kind: type, samples: dict[type, Any]) -> None:
    sentence = refused(changed(samples[kind], __class__="os.system"), kind)
    assert sentence == f"{kind.__name__} has an unknown field '__class__'"


def test_an_extra_key_deep_inside_is_named(samples: dict[type, Any]) -> None:
    plain = json.loads(codec.dumps(samples[Run]))
    plain["measurements"][1]["median"] = 1.0
    sentence = refused(json.dumps(plain))
    assert sentence == "Run.measurements[1] has an unknown field 'median'"


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_missing_key_takes_its_default_or_is_named(
    kind: type, name: str, samples: dict[type, Any]
) -> None:
    text = changed(samples[kind], **{name: ...})
    field = next(f for f in dataclasses.fields(kind) if f.name == name)
    if field.default is dataclasses.MISSING:
        assert repr(name) in refused(text, kind)
    else:
        assert getattr(codec.loads(text, kind), name) == field.default


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_a_wrong_type_is_named(kind: type, name: str, samples: dict[type, Any]) -> None:
    hint = get_type_hints(kind)[name]
    right = {hint, *get_args(hint)}
    every = [[[]], True, 7.5, "?", float("nan"), float("-inf")]
    for wrong in every:
        if type(wrong) in right and wrong == wrong and wrong != float("-inf"):
            continue
        sentence = refused(changed(samples[kind], **{name: wrong}), kind)
        assert sentence.startswith(f"{kind.__name__}.{name}")
        assert "expected" in sentence


@pytest.mark.parametrize("name", ["device_memory_bytes", "memory_bytes", "load_average"])
def test_null_is_unknown_only_where_that_may_be(name: str, samples: dict[type, Any]) -> None:
    assert getattr(codec.loads(changed(samples[Machine], **{name: None}), Machine), name) is None
    assert refused(changed(samples[Machine], threads=None), Machine) == (
        "Machine.threads: expected int, found 'None'"
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_no_time_is_infinite_or_nan(number: str, samples: dict[type, Any]) -> None:
    text = codec.dumps(samples[Measurement]).replace("[0.1,", f"[{number},")
    assert number in text
    sentence = refused(text, Measurement)
    assert sentence.startswith("Measurement.block_seconds[0]: expected a number")


@pytest.mark.parametrize("money", ["NaN", "sNaN", "Infinity", "abc", "", "1,5", 1, 1.5, None])
def test_no_price_is_anything_but_a_decimal_string(money: Any, samples: dict[type, Any]) -> None:
    sentence = refused(changed(samples[Offer], usd_per_hour=money), Offer)
    assert sentence.startswith("Offer.usd_per_hour: expected a decimal")


def test_an_interval_out_of_order_is_refused(samples: dict[type, Any]) -> None:
    assert "out of order: 3.0, 2.0, 1.0" in refused(
        changed(samples[Interval], low=3, mid=2, high=1), Interval
    )


def test_a_pair_of_three_is_refused(samples: dict[type, Any]) -> None:
    sentence = refused(changed(samples[Run], metrics=[["accuracy", 0.9, 1.0]]))
    assert sentence.startswith("Run.metrics[0]: expected 2 items")


def test_a_long_wrong_value_is_not_shown_whole(samples: dict[type, Any]) -> None:
    refused(changed(samples[Machine], threads="x" * 10**6), Machine)


@gentle
@given(data=st.data())
def test_whatever_replaces_a_value_the_answer_is_a_record_or_a_sentence(
    data: st.DataObject, samples: dict[type, Any]
) -> None:
    record = samples[data.draw(st.sampled_from([Run, Quote]))]
    plain = json.loads(codec.dumps(record))
    place: Any = plain
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(steps))
        if not isinstance(place[key], (dict, list)) or not place[key] or data.draw(st.booleans()):
            break
        place = place[key]
    place[key] = data.draw(json_values)
    text = json.dumps(plain)
    try:
        back = codec.loads(text, type(record))
    except RecordError as error:
        assert "\n" not in str(error)
    else:
        assert codec.loads(codec.dumps(back), type(record)) == back
