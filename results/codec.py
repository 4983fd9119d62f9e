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
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from results.errors import RecordError
from results.records import SCHEMA_VERSION

T = TypeVar("T")
Reader = Callable[[Any, str], Any]  # plain JSON and its place to a value; raises RecordError
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
    readers = _readers(kind)  # type: ignore[arg-type]  # a class is hashable
    for name in plain.keys() - readers.keys():
        raise RecordError(f"{where} has an unknown field {name!r}")
    values = {name: readers[name](item, f"{where}.{name}") for name, item in plain.items()}
    try:
        return kind(**values)
    except (TypeError, ValueError) as error:  # a missing field, or the record's own check
        raise RecordError(f"{where}: {error}") from None


@functools.cache
def _readers(kind: Any) -> dict[str, Reader]:
    """What reads each field: worked out once, for a store holds thousands of records."""
    return {name: _reader(hint) for name, hint in get_type_hints(kind).items()}


def _reader(hint: Any) -> Reader:
    origin, args = get_origin(hint), get_args(hint)
    if hint is Any:
        return lambda plain, _where: plain
    if origin is Literal:
        return functools.partial(_literal, args)
    if origin in (types.UnionType, Union):
        inner = _reader(next(arg for arg in args if arg is not type(None)))
        return lambda plain, where: None if plain is None else inner(plain, where)
    if origin is tuple:
        return _list_reader(*args) if args[-1] is Ellipsis else _tuple_reader(args)
    if dataclasses.is_dataclass(hint):
        kind: Any = hint  # it is a class, not one of its objects
        return lambda plain, where: _record(plain, kind, where)
    if hint in (float, Decimal):
        return _number if hint is float else _decimal
    return functools.partial(_exactly, origin or hint)


def _list_reader(hint: Any, _: Any) -> Reader:
    inner = _reader(hint)

    def read(plain: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(plain, list):
            raise _wrong(where, "a list", plain)
        if hint in (float, bool) and _are_all(plain, hint):
            return tuple(plain)
        return tuple([inner(item, f"{where}[{i}]") for i, item in enumerate(plain)])

    return read


def _tuple_reader(hints: tuple[Any, ...]) -> Reader:
    inner = tuple(map(_reader, hints))

    def read(plain: Any, where: str) -> tuple[Any, ...]:
        if not isinstance(plain, list):
            raise _wrong(where, "a list", plain)
        if len(plain) != len(inner):
            raise _wrong(where, f"{len(inner)} items", plain)
        return tuple([each(plain[i], f"{where}[{i}]") for i, each in enumerate(inner)])

    return read


def _are_all(plain: list[Any], kind: type) -> bool:
    """Raw times and flags, thousands a record, are checked as one where all is well."""
    return set(map(type, plain)) <= {kind} and all(map(math.isfinite, plain))


def _literal(allowed: tuple[Any, ...], plain: Any, where: str) -> Any:
    if plain not in allowed:
        raise _wrong(where, f"one of {', '.join(map(str, allowed))}", plain)
    return plain


def _number(plain: Any, where: str) -> float:
    if type(plain) in (int, float) and abs(plain) <= sys.float_info.max:
        return float(plain)
    raise _wrong(where, "a number", plain)


def _decimal(plain: Any, where: str) -> Decimal:
    if not isinstance(plain, str):
        raise _wrong(where, "a decimal string", plain)
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise _wrong(where, "a decimal number", plain) from None
    if not number.is_finite():
        raise _wrong(where, "a decimal string", plain)
    return number


def _exactly(kind: type, plain: Any, where: str) -> Any:
    if type(plain) is not kind:
        raise _wrong(where, "an object" if kind is dict else kind, plain)
    return plain


def _wrong(where: str, expected: Any, given: Any) -> RecordError:
    name = expected if isinstance(expected, str) else expected.__name__
    return RecordError(f"{where}: expected {name}, found {str(given)[:60]!r}")
