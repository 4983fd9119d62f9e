"""A refresh: fetch what a provider asks today, check it, and only then keep it as a snapshot."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from estimators import snapshot
from estimators.catalog import Catalog
from estimators.live import aws, azure, gcp
from estimators.live.http import PATIENCE_SECONDS, Getter
from estimators.live.pages import NO_ROOM, KeptPages, Progress, Source
from estimators.live.row import FetchError, LiveRow, Piece, Shape, agreed, shapes_of
from estimators.lookup import PROVIDER_SERVICES
from estimators.price_file import OPTIONAL, REQUIRED, PriceFile
from estimators.snapshot_diff import Difference, difference
from results.errors import RecordError, UsageError
from results.records import Provider
from results.store import write_atomically

MAX_CHANGE = Decimal("0.3")  # of one price
MIN_KEPT = Decimal("0.5")  # of the rows that there were


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh kept, and how it differs from what was in force before."""

    provider: Provider
    path: Path
    offers: int
    difference: Difference


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """Where prices are fetched, and how long a service that does not answer is asked again.

    `addresses` are mirrors, by `aws_public`, `gcp` or `azure`; boto3 has settings of its own.
    With a patience of 0 each page is asked for once.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    patience_seconds: float = PATIENCE_SECONDS

    def source(
        self, provider: Provider, regions: Iterable[str], shapes: Mapping[str, Shape]
    ) -> Source:
        """The provider's price service. Raises FetchError where it can't be reached."""
        get = Getter(self.patience_seconds)
        if provider == "aws":
            made = aws.client(patient=self.patience_seconds > 0)
            return aws.source(shapes, get, made, self.addresses.get("aws_public", aws.PUBLIC))
        if provider == "gcp":
            made = gcp.client(self.addresses.get("gcp"))
            return gcp.source(shapes, made, self.patience_seconds)
        return azure.source(
            shapes, sorted(regions), get, self.addresses.get("azure", azure.ADDRESS)
        )


def refresh(
    provider: Provider, progress: Progress, force: bool = False, services: Services | None = None
) -> Refreshed:
    """Fetch the live prices of `provider` and keep them as the list in force.

    Pages that an interrupted refresh fetched are not fetched again. Raises FetchError for a
    service that fails and RecordError for prices that don't pass the checks; the list that was in
    force then stays so. Raises UsageError where another refresh runs or the disk is full.
    """
    with _alone():
        before = snapshot.file_in_force(provider)
        # What one answer left out shall come back with the next: the packaged list knows it still.
        lists = (snapshot.packaged(provider), before)
        shapes = {k: s for known in lists for k, s in shapes_of(Catalog([known]), provider).items()}
        names = {o.casefold(): o for known in lists for o in known.column("instance_type")}
        regions = {region for known in lists for region in known.column("region")}
        source = (services or Services()).source(provider, regions, shapes)
        found = _fetched(provider, source, progress)
        text = _csv(provider, list(agreed(source.rows(found))), shapes, names)
        change = _checked(provider, text, before, force)
        path = snapshot.keep(provider, text)
        return Refreshed(
            provider=provider, path=path, offers=text.count("\n") - 1, difference=change
        )


def _fetched(provider: Provider, source: Source, progress: Progress) -> list[Piece]:
    """All pages of all parts. They are kept until the last one is there, and no longer: a list
    that is then refused shall not come back when the service has mended it."""
    kept = KeptPages(snapshot.folder() / "partial" / provider, source.origin)
    found: list[Piece] = []
    for number, part in enumerate(source.parts):
        found += kept.fetched(part, progress, number / len(source.parts))
    kept.forget()
    return found


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of the folder. Raises UsageError where another process holds it."""
    from filelock import FileLock, Timeout

    folder = snapshot.folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".refresh.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise UsageError("Another refresh of prices is running. Wait until it has ended.") from None
    except OSError as error:
        raise UsageError(f"Cannot write {folder}: {error.strerror}. To go on, {NO_ROOM}.") from None
    try:
        yield
    finally:
        lock.release()


def _csv(
    provider: Provider, rows: list[LiveRow], shapes: Mapping[str, Shape], names: Mapping[str, str]
) -> str:
    """The rows as a price file, sorted, so that two files of the same prices are the same."""
    if not rows:
        raise FetchError(f"{provider} sent no price of a known instance type.")
    out = io.StringIO()
    columns = [name for name in REQUIRED + OPTIONAL if name not in ("source_commit", "licence")]
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda r: (r.instance_type, r.region, r.allocation)):
        shape = shapes[row.instance_type.casefold()]
        writer.writerow(
            {
                "provider": provider,
                "service": PROVIDER_SERVICES[provider],
                "instance_type": names[row.instance_type.casefold()],
                "region": row.region,
                "vcpus": shape.vcpus,
                "memory_gib": f"{shape.memory_gib:g}",
                "accelerator": shape.accelerator or "",
                "accelerator_count": f"{shape.accelerator_count:g}",
                "accelerator_memory_gib": f"{shape.accelerator_memory_gib or 0:g}",
                "allocation": row.allocation,
                "price_usd_per_hour": f"{row.usd_per_hour.normalize():f}",
                "basis": row.basis,
                "source": row.source,
                "as_of": row.as_of,
                "sku": row.sku,
                "notes": row.notes,
            }
        )
    return out.getvalue()


def _checked(provider: Provider, text: str, before: PriceFile, force: bool) -> Difference:
    """What changed. Raises RecordError for a list that is no good, or that changed too much."""
    candidate = snapshot.folder() / f".candidate-{provider}.csv"
    try:
        write_atomically(candidate, text, NO_ROOM)
        change = difference(before, PriceFile(candidate))
    finally:
        candidate.unlink(missing_ok=True)
    if force:
        return change
    jumps = [c for c in change.changed if abs(c.ratio - 1) > MAX_CHANGE]
    if jumps:
        worst = max(jumps, key=lambda c: abs(c.ratio - 1))
        raise RecordError(
            f"{len(jumps)} prices of {provider} changed by more than {MAX_CHANGE:.0%}, most of all "
            f"{' '.join(worst.key)} from {worst.old} to {worst.new}. The old list stays in force; "
            f"if that is right: trainfare prices refresh {provider} --force"
        )
    kept = len(before) - len(change.removed)
    if kept < MIN_KEPT * len(before):
        raise RecordError(
            f"{provider} sent only {kept} of the {len(before)} prices there were. The old list "
            f"stays in force; if that is right: trainfare prices refresh {provider} --force"
        )
    return change
