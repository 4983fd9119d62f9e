"""A price service page by page: fetched one after another, each kept until the refresh is done.

A page that is kept says when and from where it was fetched, and its name holds its SHA-256: what is
too old, from elsewhere or not as it was written is fetched again, with all pages after it.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from estimators.live.row import FetchError, LiveRow, Piece, rows_of
from results.store import write_atomically

MAX_PAGES = 2_000  # far above any catalog: beyond it a service goes round in circles
PAUSE_SECONDS = 0.1  # between two requests
RESUME_SECONDS = 6 * 3600  # a page that an interrupted refresh fetched is good for so long
FORMAT = 1  # of kept pages
NO_ROOM = "set TRAINFARE_PRICES to another folder"
Progress = Callable[[str, float], None]
log = logging.getLogger("trainfare")


class ExpiredTokenError(FetchError):
    """The service no longer knows the token of the page that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a price service, and the token of the one after it; None after the last."""

    pieces: list[Piece]
    token: str | None

    @classmethod
    def of_rows(cls, rows: Iterable[LiveRow | None], token: str | None) -> Self:
        """A page of whole rows; what is no row is left out."""
        plain = [{**asdict(row), "usd_per_hour": str(row.usd_per_hour)} for row in rows if row]
        return cls(pieces=plain, token=token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a price service (a region, a catalog); `page` fetches by token, None first."""

    name: str
    page: Callable[[str | None], Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A price service: its address, its parts, and how their pieces become rows."""

    origin: str
    parts: Sequence[Part]
    rows: Callable[[list[Piece]], list[LiveRow]] = rows_of


def pages(part: Part, before: Sequence[Page] = ()) -> Iterator[Page]:
    """The pages of `part` after those of `before`.

    Raises FetchError where a page comes again, which would be an endless loop.
    """
    seen = {page.token for page in before}
    token = before[-1].token if before else None
    for number in range(len(before), MAX_PAGES):
        if number:
            time.sleep(PAUSE_SECONDS)
        page = part.page(token)
        yield page
        token = page.token
        if token is None:
            return
        if token in seen:
            raise FetchError(f"The service repeats a page of {part.name}.")
        seen.add(token)
    raise FetchError(f"The service has more than {MAX_PAGES} pages of {part.name}.")


class KeptPages:
    """The pages that a refresh of one provider has fetched so far, a file each."""

    def __init__(self, folder: Path, origin: str) -> None:
        """`origin` is the address of the service: a mirror's pages are not those of another."""
        self._folder, self._origin = folder, origin

    def fetched(self, part: Part, progress: Progress, share: float = 0.0) -> list[Piece]:
        """The pieces of all pages of `part`: those that are kept, then the others, kept as well.

        `share` of the whole is done already. Where the service no longer knows how to go on, the
        part is fetched from its start.
        """
        before = self._kept(part.name)
        try:
            return self._completed(part, before, progress, share)
        except ExpiredTokenError:
            if not before:
                raise
        log.info("The pages of %s kept so far can't be gone on from: it is begun anew.", part.name)
        self._remove(f"{quote(part.name, safe='')}~*")
        return self._completed(part, [], progress, share)

    def forget(self) -> None:
        """Remove the pages of all parts."""
        self._remove("*")

    def _completed(
        self, part: Part, before: Sequence[Page], progress: Progress, share: float
    ) -> list[Piece]:
        found = list(before)
        if not found or found[-1].token is not None:
            progress(f"{part.name} page {len(found) + 1}", share)
            for page in pages(part, before):
                found.append(page)
                self._keep(part.name, len(found), page)
                progress(f"{part.name} page {len(found) + 1}", share)
        return [piece for page in found for piece in page.pieces]

    def _files(self, pattern: str) -> list[Path]:
        return sorted(self._folder.glob(f"{pattern}.json"))

    def _remove(self, pattern: str) -> None:
        for path in self._files(pattern):
            path.unlink(missing_ok=True)

    def _keep(self, name: str, number: int, page: Page) -> None:
        about = {"format": FORMAT, "origin": self._origin, "fetched_at": time.time()}
        text = json.dumps(about | asdict(page))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        path = self._folder / f"{quote(name, safe='')}~{number:04}~{digest}.json"
        write_atomically(path, text, NO_ROOM)

    def _kept(self, name: str) -> list[Page]:
        """The pages that can be used, in order; the first that can't be, and all after, go."""
        found: list[Page] = []
        for path in self._files(f"{quote(name, safe='')}~*"):
            page = self._read(path, len(found) + 1)
            if page is None:
                path.unlink(missing_ok=True)
            else:
                found.append(page)
        return found

    def _read(self, path: Path, number: int) -> Page | None:
        with suppress(OSError, ValueError, KeyError, TypeError):
            _, place, digest = path.stem.split("~")
            raw = path.read_bytes()
            if int(place) == number and hashlib.sha256(raw).hexdigest().startswith(digest):
                return _page(json.loads(raw), self._origin)
        return None


def _page(kept: Any, origin: str) -> Page | None:
    age = time.time() - kept["fetched_at"]
    if (kept["format"], kept["origin"]) != (FORMAT, origin) or not 0 <= age < RESUME_SECONDS:
        return None
    return Page(pieces=kept["pieces"], token=kept["token"])
