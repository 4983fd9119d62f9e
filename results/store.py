"""The folder of records: one immutable JSON file a record, written whole or not at all."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from results import codec
from results.advice import Advice
from results.all_offers import AllOffers
from results.errors import RecordError, UsageError
from results.jobs import JobHandle, JobIntent, Outcome
from results.records import Quote, Run

T = TypeVar("T", Run, Quote, Advice, AllOffers, JobIntent, JobHandle, Outcome)
# Where the records of a kind lie, and the field that names their file.
FOLDERS: dict[type, tuple[str, str]] = {
    Run: ("runs", "run_id"),
    Quote: ("quotes", "quote_id"),
    Advice: ("advice", "advice_id"),
    AllOffers: ("offers", "quote_id"),
    JobIntent: ("intents", "job_name"),
    JobHandle: ("handles", "job_name"),
    Outcome: ("outcomes", "job_name"),
}
MAX_RECORD_BYTES = 64 * 2**20  # far above any real record; a larger file is not one


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


def write_atomically(path: Path, text: str | bytes) -> None:
    """Write `text` to `path` so that a reader sees all of it or the file is not there.

    The text goes to a temporary name in the same folder, is flushed to the disk, and renamed.
    A full disk, a read-only folder or Ctrl-C leave no half file. Raises UsageError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(text if isinstance(text, bytes) else text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise UsageError(_cannot_write(path, error)) from None
    finally:
        with suppress(OSError):
            temporary.unlink()


def _cannot_write(path: Path, error: OSError) -> str:
    reason = error.strerror or str(error)
    todo = "Free some space" if error.errno == errno.ENOSPC else "Make the folder writable"
    return f"Cannot write {path}: {reason}. {todo}, or name another one (--results DIR or --out)."


class Store:
    """Records of a results folder. Reading never stops at a bad file: see `problems`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []  # one sentence a file that could not be read

    def check_writable(self) -> None:
        """Find out before a long measurement, not after it. Raises UsageError."""
        probe = self.folder / ".writable"
        write_atomically(probe, "")
        probe.unlink(missing_ok=True)

    def add(self, record: T) -> Path:
        """Keep `record` under its own id and return the file."""
        folder, id_field = FOLDERS[type(record)]
        path = self.folder / folder / f"{getattr(record, id_field)}.json"
        write_atomically(path, codec.dumps(record) + "\n")
        return path

    def find(self, kind: type[T], record_id: str) -> T | None:
        """The record of that id, or None; a bad file is noted in `problems`."""
        path = self.folder / FOLDERS[kind][0] / f"{record_id}.json"
        try:
            return self.read(path, kind) if path.exists() else None
        except RecordError as error:
            self.problems.append(f"{path} is left out: {error}.")
            return None

    def newest_first(self, kind: type[T], name: str | None = None) -> Iterator[T]:
        """Records of `kind`, the newest id first; bad files are noted in `problems`, not hidden.

        With a workload's `name` only files whose id may be of it are opened: see `new_id`.
        """
        stem = "*" if name is None else f"*-{_name_part(name)}-*"
        try:
            paths = sorted((self.folder / FOLDERS[kind][0]).glob(f"{stem}.json"), reverse=True)
        except OSError as error:
            raise UsageError(f"Cannot read {self.folder}: {error.strerror}.") from None
        for path in paths:
            try:
                yield self.read(path, kind)
            except RecordError as error:
                self.problems.append(f"{path} is left out: {error}.")

    @staticmethod
    def read(path: Path, kind: type[T]) -> T:
        try:
            if path.stat().st_size > MAX_RECORD_BYTES:
                raise RecordError(f"larger than {MAX_RECORD_BYTES} bytes")
            return codec.loads(path.read_text(encoding="utf-8"), kind)
        except UnicodeDecodeError:
            raise RecordError("not UTF-8 text") from None
        except OSError as error:
            raise RecordError(error.strerror or "unreadable") from None
