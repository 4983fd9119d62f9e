"""Which processor an instance family has; how many of its vCPUs are threads of one core."""

import csv
import functools
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

from results.records import Offer

TABLE = Path(__file__).parent / "data" / "processors.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """What the provider says of the family's processor; None where it leaves that open."""

    name: str
    isa: str  # the widest vector instructions
    clock_ghz: float | None  # held on all cores where the provider states that, else the base
    threads_per_core: Literal[1, 2]
    checked: bool  # against something public; otherwise from memory
    source: str

    def cores(self, vcpus: float) -> float:
        """Physical cores behind `vcpus`."""
        return vcpus / self.threads_per_core


def find_processor(offer: Offer) -> Processor | None:
    """The processor of the offer's family, by the longest pattern that fits; None if unknown."""
    return processor_of(offer.provider, offer.instance_type)


def processor_of(provider: str, instance_type: str) -> Processor | None:
    """The same of an instance type that need not be on offer."""
    fits = [
        (len(pattern), found)
        for known, pattern, found in _table()
        if known == provider and fnmatchcase(instance_type, f"{pattern}*")
    ]
    return max(fits, key=lambda fit: fit[0])[1] if fits else None


@functools.cache
def _table() -> tuple[tuple[str, str, Processor], ...]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple((row["provider"], row["family"], _read(row)) for row in csv.DictReader(file))


def _read(row: dict[str, str]) -> Processor:
    return Processor(
        name=row["processor"],
        isa=row["isa"],
        clock_ghz=float(row["clock_ghz"]) if row["clock_ghz"] else None,
        threads_per_core=1 if row["threads_per_core"] == "1" else 2,
        checked=row["checked"] == "yes",
        source=row["source"],
    )
