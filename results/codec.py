"""Records to JSON and back, by their type hints, strictly; standard library only.

Records travel into training images that carry nothing but torch, so no validation package is
used here (docs/decisions/0003). Decimals are strings in JSON. What does not fit is refused
with the name of the field; nothing is ever executed.
"""

import dataclasses
import functools
import json
import math
import sys
import types
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from results.errors import RecordError
from results.records import SCHEMA_VERSION

T = TypeVar("T")
_SCALARS = frozenset({str, int, float, bool, type(None)})


def to_plain(value: Any) -> Any:
    """A record as dicts, lists and scalars that `json` writes."""
    kind: Any = type(value)  # a class is hashable, which mypy doubts
    if kind in _SCALARS:  # first, for most values are: a quote writes tens of thousands
        return value
    names = _field_names(kind)
    if names is not None:
        return {name: to_plain(getattr(value, name)) for name in names}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (tuple, list)):
        return [to_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_plain(item) for key, item in value.items()}
    return value


@functools.cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple(field.name for field in dataclasses.fields(kind))


def dumps(record: Any) -> str:
    """The record as one JSON object with its kind and schema version."""
    head = {"kind": type(record).__name__, "schema_version": SCHEMA_VERSION}
    return json.dumps(head | to_plain(record), ensure_ascii=False, allow_nan=False)


def loads(text: str, kind: type[T]) -> T:
    """Read a record of type `kind`. Raises RecordError naming the field that does not fit."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not JSON ({error})") from None
    if not isinstance(plain, dict) or plain.get("kind") != kind.__name__:
        given = plain.get("kind") if isinstance(plain, dict) else type(plain).__name__
        raise RecordError(f"expected a {kind.__name__} record, found {given!r}")
    version = plain.get("schema_version")
    if type(version) is not int or not 1 <= version <= SCHEMA_VERSION:
        raise RecordError(
            f"schema_version is {version!r}, this trainfare reads 1 to {SCHEMA_VERSION}"
        )
    fields = {key: item for key, item in plain.items() if key not in ("kind", "schema_version")}
    return _record(fields, kind, kind.__name__)


def _record(plain: Any, kind: type[T], where: str) -> T:
    if not isinstance(plain, dict):
        raise _wrong(where, "an object", plain)
    hints = _hints(kind)  # type: ignore[arg-type]  # a class is hashable
    for name in plain.keys() - hints.keys():
        raise RecordError(f"{where} has an unknown field {name!r}")
    values = {name: _value(item, hints[name], f"{where}.{name}") for name, item in plain.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:  # a missing field, or the record's own check
        raise RecordError(f"{where}: {error}") from None


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _value(plain: Any, hint: Any, where: str) -> Any:
    origin = get_origin(hint)
    if hint is Any:
        return plain
    if origin is Literal:
        if plain not in get_args(hint):
            raise _wrong(where, f"one of {', '.join(map(str, get_args(hint)))}", plain)
        return plain
    if origin in (types.UnionType, Union):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        return None if plain is None else _value(plain, inner[0], where)
    if origin is tuple:
        return _tuple(plain, get_args(hint), where)
    if origin is dict:
        if not isinstance(plain, dict):
            raise _wrong(where, "an object", plain)
        return plain
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _record(plain, hint, where)
    return _scalar(plain, hint, where)


def _tuple(plain: Any, args: tuple[Any, ...], where: str) -> tuple[Any, ...]:
    if not isinstance(plain, list):
        raise _wrong(where, "a list", plain)
    if len(args) == 2 and args[1] is Ellipsis:
        if args[0] in (float, bool) and _are_all(plain, args[0]):
            return tuple(plain)
        args = (args[0],) * len(plain)
    if len(args) != len(plain):
        raise _wrong(where, f"{len(args)} items", plain)
    return tuple(
        _value(p, a, f"{where}[{i}]") for i, (p, a) in enumerate(zip(plain, args, strict=True))
    )


def _are_all(plain: list[Any], kind: type) -> bool:
    """Raw times and flags, thousands a record, are checked as one where all is well."""
    return set(map(type, plain)) <= {kind} and all(map(math.isfinite, plain))


def _scalar(plain: Any, hint: Any, where: str) -> Any:
    if hint is float and type(plain) in (int, float) and abs(plain) <= sys.float_info.max:
        return float(plain)
    if hint is Decimal and isinstance(plain, str):
        try:
            number = Decimal(plain)
        except InvalidOperation:
            raise _wrong(where, "a decimal number", plain) from None
        if number.is_finite():
            return number
    if hint in (int, str, bool) and type(plain) is hint:
        return plain
    raise _wrong(where, {float: "a number", Decimal: "a decimal string"}.get(hint, hint), plain)


def _wrong(where: str, expected: Any, given: Any) -> RecordError:
    name = expected if isinstance(expected, str) else expected.__name__
    return RecordError(f"{where}: expected {name}, found {str(given)[:60]!r}")
