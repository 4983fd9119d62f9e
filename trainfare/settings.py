"""`trainfare.toml`: looked for upwards from the current folder, then in the user's own folder."""

import os
import tomllib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from results.errors import RecordError, near

FILE_NAME = "trainfare.toml"
DEFAULT_STORE = "trainfare-results"
MIRRORS = ("aws_public", "gcp", "azure")  # addresses of price services, in [prices]
SECTIONS = ("aws", "gcp", "azure", "results", "billing", "prices")


@dataclass(frozen=True)
class Settings:
    """The sections of the file that was found; all empty where there is none."""

    path: Path | None = None
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)

    def table(self, section: str) -> dict[str, Any]:
        """One section, empty where it is missing."""
        return self.tables.get(section, {})

    def results_folder(self, asked: Path | None) -> Path:
        """--results, else $TRAINFARE_RESULTS, else `[results] store`, else ./trainfare-results."""
        if asked is not None:
            return asked
        named = os.environ.get("TRAINFARE_RESULTS") or self.table("results").get("store")
        return Path(str(named or DEFAULT_STORE)).expanduser()


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
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path} is not TOML ({error}). Example: docs/trainfare.toml") from None
    for name, table in tables.items():
        if name not in SECTIONS:
            raise RecordError(f"{path} has a section [{name}]. {near(name, SECTIONS)}")
        if not isinstance(table, dict):
            raise RecordError(f"{path}: {name} must be a section, [{name}], not a value.")
    store = tables.get("results", {})
    for key in store.keys() - {"store"}:
        raise RecordError(f"{path}: [results] has a key {key!r}; expected: store.")
    for key in tables.get("prices", {}).keys() - set(MIRRORS):
        raise RecordError(f"{path}: [prices] has a key {key!r}; expected: {', '.join(MIRRORS)}.")
    return Settings(path, tables)
