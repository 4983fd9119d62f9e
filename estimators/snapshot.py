"""The price lists in force: the newest good snapshot of each provider, else the packaged one.

A refresh keeps each snapshot as `<provider>-<UTC time>-<start of its SHA-256>.csv` in the user's
data folder, beside the older ones. A file that is not as it was written is never used: the one
before it stays in force, and that is said.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from estimators.catalog import PACKAGED, Catalog, uncollected
from estimators.lookup import PROVIDER_SERVICES
from estimators.price_file import PriceFile
from results.errors import RecordError
from results.records import Provider
from results.store import write_atomically

_NAME = re.compile(r"(aws|gcp|azure)-(\d{8}T\d{6})-([0-9a-f]{16})\.csv", re.ASCII)
PACKAGED_OF: dict[Provider, Path] = dict(zip(PROVIDER_SERVICES, PACKAGED, strict=True))
# Of the packaged files, so that a flipped byte in a price is noticed.
SHA256: dict[Provider, str] = {
    "aws": "0bcc65b71164c0201cdcbd1364704f301c60fb8c36252df6d91e03fe8915d64b",
    "gcp": "4d367ad4b128ac9e7a653ecaab7be8bdb805d9c867bd1ae252a3529eace89d8f",
    "azure": "d59bedcfcb089659da37b947dd0c9d4f5173e96724f7b3e2bfbfe66d07da8043",
}


def folder() -> Path:
    """Where snapshots are kept: $TRAINFARE_PRICES, else `prices` in the user's data folder."""
    if named := os.environ.get("TRAINFARE_PRICES"):
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("trainfare") / "prices"


def in_force() -> tuple[Catalog, list[str]]:
    """The catalog in force, and a sentence about every file that could not be used.

    Raises RecordError where not even a packaged list can be used.
    """
    problems: list[str] = []
    with uncollected():
        files = [_newest_good(provider, problems) for provider in PROVIDER_SERVICES]
        return Catalog(files), problems


def file_in_force(provider: Provider) -> PriceFile:
    """The one file in force of a provider. Raises RecordError as `in_force` does."""
    return _newest_good(provider, [])


def packaged(provider: Provider) -> PriceFile:
    """The list that came with trainfare. Raises RecordError where it is damaged."""
    return PriceFile(PACKAGED_OF[provider], SHA256[provider])


def _newest_good(provider: Provider, problems: list[str]) -> PriceFile:
    for path, digest in snapshots(provider):
        try:
            return _whole(path, digest)
        except RecordError as error:
            problems.append(f"{error} An older price list is used.")
    return packaged(provider)


def snapshots(provider: Provider) -> Iterator[tuple[Path, str]]:
    """The kept snapshots of a provider, the newest first, each with what its name says of its
    SHA-256."""
    try:
        names = sorted((p.name for p in folder().iterdir()), reverse=True)
    except OSError:  # there is none yet, or it can't be read: the packaged one is in force
        return
    for name in names:
        found = _NAME.fullmatch(name)
        if found and found[1] == provider:
            yield folder() / name, found[3]


def _whole(path: Path, digest: str) -> PriceFile:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise RecordError(f"Cannot read {path}: {error.strerror}.") from None
    if not found.startswith(digest):
        raise RecordError(f"{path} is not as it was written: its checksum differs.")
    return PriceFile(path, found)


def keep(provider: Provider, text: str) -> Path:
    """Keep `text` as the newest snapshot of `provider`, whole or not at all.

    Raises UsageError where it can't be written; what was in force before then stays so.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    path = folder() / f"{provider}-{stamp}-{digest}.csv"
    write_atomically(path, text, "set TRAINFARE_PRICES to another folder")
    return path
