"""`trainfare.toml`: looked for upwards from the current folder, then in the user's own folder."""

import os
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from results.errors import RecordError, near

FILE_NAME = "trainfare.toml"
DEFAULT_STORE = "trainfare-results"
MIRRORS = ("aws_public", "gcp", "azure")  # addresses of price services, in [prices]
PATIENCE = "patience_seconds"  # of [prices]: with a service that does not answer
MOST_USD = 10**9  # nobody means more
SECTIONS = ("aws", "gcp", "azure", "results", "billing", "prices", "budget")


@dataclass(frozen=True)
class Settings:
    """The sections of the file that was found; all empty where there is none."""

    path: Path | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def table(self, section: str) -> dict[str, Any]:
        """One section, empty where it is missing."""
        return self.tables.get(section, {})

    def results_folder(self, asked: Path | str | None) -> Path | str:
        """--results, else $TRAINFARE_RESULTS, else `[results] store`, else ./trainfare-results.

        A folder, or the address of a bucket as it was written.
        """
        named = os.environ.get("TRAINFARE_RESULTS") or self.table("results").get("store")
        return folder_or_address(str(asked or named or DEFAULT_STORE))

    def budget_usd(self, file: Path | None) -> Decimal | None:
        """What all jobs together may cost: of the budget file, else of `[budget]`, else no limit.

        Raises RecordError for a file or value that is none.
        """
        if file is None:
            return _max_usd(self.table("budget"), str(self.path)) if self.table("budget") else None
        try:
            return _max_usd(tomllib.loads(file.read_text(encoding="utf-8")), str(file))
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or error
            raise RecordError(
                f'{file} cannot be read as a budget ({why}). Expected one line: max_usd = "100"'
            ) from None


def _max_usd(table: dict[str, Any], where: str) -> Decimal:
    """The one key of a budget, exact: a string or a number."""
    given = table.get("max_usd")
    try:
        amount = Decimal(str(given))
    except InvalidOperation:
        amount = Decimal("NaN")
    fits = amount.is_finite() and 0 <= amount <= MOST_USD
    if set(table) != {"max_usd"} or isinstance(given, bool) or not fits:
        raise RecordError(f'{where} holds no budget. Expected one line: max_usd = "100"')
    return amount


def folder_or_address(text: str) -> Path | str:
    """`s3://bucket/folder` as it is, anything else as a path."""
    return text if "://" in text else Path(text).expanduser()


def find_file() -> Path | None:
    """The nearest settings file, or None."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / FILE_NAME).is_file():
            return folder / FILE_NAME
    from platformdirs import user_config_path

    own = user_config_path("trainfare") / FILE_NAME
    return own if own.is_file() else None


def load() -> Settings:
    """Read the nearest settings file. Raises RecordError for a file that can't be used."""
    path = find_file()
    if path is None:
        return Settings()
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error.strerror}.") from None
    except (ValueError, ArithmeticError, RecursionError) as error:  # absurd numbers too
        raise RecordError(f"{path} is not TOML ({error}). Example: docs/trainfare.toml") from None
    for name, table in tables.items():
        if name not in SECTIONS:
            raise RecordError(f"{path} has a section [{name}]. {near(name, SECTIONS)}")
        if not isinstance(table, dict):
            raise RecordError(f"{path}: {name} must be a section, [{name}], not a value.")
    store = tables.get("results", {})
    for key in store.keys() - {"store"}:
        raise RecordError(f"{path}: [results] has a key {key!r}; expected: store.")
    if not isinstance(store.get("store", ""), str):
        raise RecordError(
            f"{path}: [results] store is {store['store']!r}; expected a folder or an address in "
            "quotes."
        )
    _check_prices(tables.get("prices", {}), path)
    return Settings(path, tables)


def _is_patience(value: object) -> bool:
    if not isinstance(value, (int, Decimal)) or isinstance(value, bool):
        return False
    return Decimal(value).is_finite() and 0 <= value <= 3600


def _check_prices(table: dict[str, Any], path: Path) -> None:
    for key, value in table.items():
        if key not in (*MIRRORS, PATIENCE):
            expected = ", ".join((*MIRRORS, PATIENCE))
            raise RecordError(f"{path}: [prices] has a key {key!r}; expected: {expected}.")
        if key == PATIENCE and not _is_patience(value):
            raise RecordError(f"{path}: [prices] {key} is {value!r}; expected 0 to 3600.")
        if key in MIRRORS and not isinstance(value, str):
            raise RecordError(
                f"{path}: [prices] {key} is {value!r}; expected an address in quotes."
            )
