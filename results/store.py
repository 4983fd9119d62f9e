"""The store of records: one immutable JSON file a record, written whole or not at all."""

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from results import codec
from results.advice import Advice
from results.all_offers import AllOffers
from results.errors import MissingError, RecordError
from results.flaws import check_quote
from results.jobs import JobHandle, JobIntent, Outcome
from results.places import Folder, open_place, write_atomically
from results.reading import Found
from results.records import Quote, Run

__all__ = ["Store", "new_id", "utc_now", "write_atomically"]

T = TypeVar("T", Run, Quote, AllOffers, Advice, JobIntent, JobHandle, Outcome)
Told = Callable[[str, int, int], None]  # folder, records read so far, of how many
# Where the records of a kind lie, and the field that names their file.
FOLDERS: dict[type, tuple[str, str]] = {
    Run: ("runs", "run_id"),
    Quote: ("quotes", "quote_id"),
    AllOffers: ("offers", "quote_id"),
    Advice: ("advice", "advice_id"),
    JobIntent: ("intents", "intent_id"),
    JobHandle: ("handles", "job_name"),
    Outcome: ("outcomes", "job_name"),
}


def utc_now() -> str:
    """The present moment as ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).replace(microsecond=0).isoformat()


def new_id(name: str) -> str:
    """A fresh id that sorts by time and names its workload: `20261124T101500-cnn-3f9c2a`."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{stamp}-{_name_part(name)}-{secrets.token_hex(3)}"


def _name_part(name: str) -> str:
    safe = "".join(c if c.isalnum() or c in "_." else "-" for c in name)[:40].strip("-.")
    return safe or "run"


class Store:
    """Records in a folder or a bucket. Reading never stops at a bad file: see `problems`."""

    def __init__(self, where: Path | str) -> None:
        self.place = open_place(where)
        self.folder = where  # as it was given
        self.problems: list[str] = []  # one sentence a file that could not be read
        self.told: Told | None = None  # how far reading has come

    @property
    def local_folder(self) -> Path | None:
        """The folder on this machine; None where the records are elsewhere."""
        return self.place.path if isinstance(self.place, Folder) else None

    def check_writable(self) -> None:
        """Find out before a long measurement, not after it. Raises UsageError."""
        self.place.check_writable()

    def add(self, record: T) -> Path | str:
        """Keep `record` under its own id and return where. The same record again changes nothing.

        Raises RecordError where another record has that id, UsageError where it can't be written.
        """
        name, text = _file_name(record), codec.dumps(record) + "\n"
        if not self.place.create(name, text) and self._other(name, text):
            raise RecordError(
                f"{self.place.shown(name)} already holds another {type(record).__name__} of this "
                "name; records are never changed. Remove the file if it is not wanted."
            )
        return self.place.shown(name)

    def put(self, record: T) -> bool:
        """Keep `record` where there is none of its id yet: of several writers one is told True."""
        return self.place.create(_file_name(record), codec.dumps(record) + "\n")

    def _other(self, name: str, text: str) -> bool:
        try:
            return self.place.read(name) != text.encode()
        except RecordError:
            return True

    def discard(self, intent: JobIntent) -> None:
        """Remove the intent of a job that was clearly refused, so that it can be asked for anew.

        No other record is ever removed. Nothing happens where it is gone already.
        """
        self.place.remove(_file_name(intent))

    def find(self, kind: type[T], record_id: str) -> T | None:
        """The record of that id, or None where there is none. Raises RecordError for a bad file."""
        name = f"{FOLDERS[kind][0]}/{record_id}.json"
        try:
            return self._checked(name, self.place.read(name), kind)
        except MissingError:
            return None
        except RecordError as error:
            raise RecordError(f"{self.place.shown(name)} cannot be used: {error}.") from None

    def newest_first(self, kind: type[T], workload: str | None = None) -> Iterator[T]:
        """Records of `kind`, the newest id first; bad files are noted in `problems`, not hidden.

        With the name of a workload only files whose id may be of it are opened: see `new_id`.
        """
        part = "" if workload is None else f"-{_name_part(workload)}-"
        folder = FOLDERS[kind][0]
        names = sorted((n for n in self.place.names(folder) if part in n), reverse=True)
        tell = self.told or (lambda *_: None)
        try:
            all_found = zip(names, self.place.read_all(names), strict=True)
            for place, (name, found) in enumerate(all_found):
                tell(folder, place, len(names))
                try:
                    yield self._checked(name, found, kind)
                except RecordError as error:
                    problem = f"{self.place.shown(name)} is left out: {error}."
                    if problem not in self.problems:  # a folder may be read more than once
                        self.problems.append(problem)
        finally:  # also where the caller has enough
            tell(folder, len(names), len(names))

    @staticmethod
    def _checked(name: str, found: Found, kind: type[T]) -> T:
        if isinstance(found, RecordError):
            raise found
        record = _parsed(found, kind)
        if _file_name(record) != name:  # a copy would count twice
            raise RecordError(f"it repeats the record of {_file_name(record)}")
        return record


def read_file(path: Path, kind: type[T]) -> T:
    """A record from any file, whatever its name. Raises RecordError where it holds none."""
    return _parsed(Folder(path.parent).read(path.name), kind)


def _parsed(data: bytes, kind: type[T]) -> T:
    try:
        record = codec.loads(data.decode(), kind)
    except UnicodeDecodeError:
        raise RecordError("not UTF-8 text") from None
    if isinstance(record, Quote):
        check_quote(record)
    return record


def _file_name(record: T) -> str:
    folder, id_field = FOLDERS[type(record)]
    record_id = str(getattr(record, id_field))
    if not record_id or record_id.startswith(".") or set(record_id) & set("/\\\0"):
        raise RecordError(f"{record_id!r} is no id of a record")
    return f"{folder}/{record_id}.json"
