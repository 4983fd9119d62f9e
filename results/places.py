"""Where a store keeps its files: a folder, an S3 bucket, or any other address that fsspec knows.

A place creates a file whole and only where there is none: of two writers of one name exactly one
is told that it was first, on this machine and on any other.
"""

import errno
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from results.errors import MissingError, RecordError, UsageError
from results.reading import MAX_RECORD_BYTES, Found, at_once, tried


class Place(Protocol):
    """What a store needs of the place that holds its files; names are `runs/<id>.json`."""

    def shown(self, name: str) -> Path | str:
        """The full path or address of a file, as a person would look it up."""

    def names(self, folder: str) -> list[str]:
        """The names of the records in a folder, in no order. Raises UsageError."""

    def read(self, name: str) -> bytes:
        """The whole file. MissingError where there is none, RecordError where it can't be had."""

    def read_all(self, names: Sequence[str]) -> Iterator[Found]:
        """Each file in this order, or in its place the error that `read` raises."""

    def create(self, name: str, text: str) -> bool:
        """Keep a new file; False, and nothing changed, where the name is taken. UsageError."""

    def remove(self, name: str) -> None:
        """Remove the file, if it is there. Raises UsageError where it stays."""

    def check_writable(self) -> None:
        """Raises UsageError where nothing can be written."""


def open_place(where: Path | str) -> Place:
    """The place at a path or an address. Raises UsageError for an address that cannot be used."""
    text = str(where)
    if isinstance(where, Path) or "://" not in text:
        return Folder(Path(text))
    if re.match(r"[a-z0-9+.-]+://[^/]*@", text):
        raise UsageError(
            "The address of the store holds a name or password before '@', where it would be "
            "printed. Leave it out: credentials are found in the cloud's own usual places."
        )
    if text.startswith("file://"):
        return Folder(Path(text.removeprefix("file://")))
    if text.startswith("s3://"):
        from results.s3_place import S3Place

        return S3Place(text)
    return FsspecPlace(text)


class Folder:
    """A folder of this machine, or of one that is mounted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def shown(self, name: str) -> Path:
        """The path of the file."""
        return self.path / name

    def names(self, folder: str) -> list[str]:
        """Files that end in .json; a half-written one starts with a point and is none of them."""
        try:
            return [f"{folder}/{path.name}" for path in (self.path / folder).glob("[!.]*.json")]
        except OSError as error:
            raise UsageError(f"Cannot read {self.path}: {error.strerror}.") from None

    def read(self, name: str) -> bytes:
        """The file, if it is no larger than a record can be."""
        path = self.path / name
        try:
            if path.stat().st_size > MAX_RECORD_BYTES:
                raise RecordError(f"larger than {MAX_RECORD_BYTES} bytes")
            return path.read_bytes()
        except OSError as error:
            kind = MissingError if error.errno == errno.ENOENT else RecordError
            raise kind(error.strerror or "unreadable") from None

    def read_all(self, names: Sequence[str]) -> Iterator[Found]:
        """One after the other: a disk answers at once."""
        return (tried(self.read, name) for name in names)

    def create(self, name: str, text: str) -> bool:
        """Write to a temporary name, flush, and link it in: whole, or not at all."""
        path = self.path / name
        try:
            write_new(path, text)
        except FileExistsError:
            return False
        except OSError as error:
            raise UsageError(cannot_write(path, error)) from None
        return True

    def remove(self, name: str) -> None:
        """Unlink the file."""
        path = self.path / name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"Cannot remove {path}: {error.strerror}.") from None

    def check_writable(self) -> None:
        """Write an empty file and remove it."""
        probe = self.path / f".writable-{secrets.token_hex(4)}"
        write_atomically(probe, "")
        probe.unlink(missing_ok=True)


class FsspecPlace:
    """Any address that fsspec opens, such as gs:// with gcsfs or az:// with adlfs installed."""

    def __init__(self, address: str) -> None:
        import fsspec

        self.address = address.rstrip("/")
        try:
            self._files, self._root = fsspec.core.url_to_fs(self.address)
        except (ImportError, ValueError, OSError) as error:  # says what is missing, host or package
            raise UsageError(f"{address!r} cannot be used as a store: {error}") from None

    def shown(self, name: str) -> str:
        """The address of the file."""
        return f"{self.address}/{name}"

    def names(self, folder: str) -> list[str]:
        """Files that end in .json, asked for anew each time."""
        self._files.invalidate_cache()
        try:
            found = self._files.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        except Exception as error:  # each file system has its own
            raise UsageError(f"Cannot read {self.address}: {_told(error)}.") from None
        return [f"{folder}/{p.rsplit('/', 1)[-1]}" for p in found if p.endswith(".json")]

    def read(self, name: str) -> bytes:
        """The file, if it is no larger than a record can be."""
        path = f"{self._root}/{name}"
        try:
            data: bytes = self._files.cat_file(path, end=MAX_RECORD_BYTES + 1)
        except FileNotFoundError:
            raise MissingError("no such file") from None
        except Exception as error:
            raise RecordError(_told(error)) from None
        if len(data) > MAX_RECORD_BYTES:
            raise RecordError(f"larger than {MAX_RECORD_BYTES} bytes")
        return data

    def read_all(self, names: Sequence[str]) -> Iterator[Found]:
        """Many at once; each of fsspec's calls may come from a thread of its own."""
        return at_once(self.read, names)

    def create(self, name: str, text: str) -> bool:
        """An object is written whole; `create` is the service's own refusal of a taken name."""
        path = f"{self._root}/{name}"
        try:
            self._files.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(path, text.encode(), mode="create")
        except FileExistsError:
            return False
        except Exception as error:
            raise UsageError(f"Cannot write {self.shown(name)}: {_told(error)}.") from None
        return True

    def remove(self, name: str) -> None:
        """Remove the object."""
        try:
            self._files.rm_file(f"{self._root}/{name}")
        except FileNotFoundError:
            return
        except Exception as error:
            raise UsageError(f"Cannot remove {self.shown(name)}: {_told(error)}.") from None

    def check_writable(self) -> None:
        """Write an empty object and remove it."""
        name = f".writable-{secrets.token_hex(4)}"
        self.create(name, "")
        self.remove(name)


def _told(error: Exception) -> str:
    """Type and first line of a library's error, without its full stop."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}{': ' + lines[0][:200] if lines else ''}".rstrip(".")


def write_new(path: Path, text: str) -> None:
    """Create `path` whole, durably. Raises FileExistsError where it exists, OSError."""
    with _temporary(path, text) as temporary:
        try:
            os.link(temporary, path)
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise
            if path.exists():  # a file system without links: not safe against a second writer
                raise FileExistsError(path) from None
            temporary.replace(path)


def write_atomically(
    path: Path, text: str | bytes, instead: str = "name another one (--results DIR or --out)"
) -> None:
    """Write `text` to `path` so that a reader sees all of it or the file is not there.

    The text goes to a temporary name in the same folder, is flushed to the disk, and renamed.
    A full disk, a read-only folder or Ctrl-C leave no half file. Raises UsageError; `instead` is
    what it tells the user to do if there is no making room.
    """
    try:
        with _temporary(path, text) as temporary:
            temporary.replace(path)
    except OSError as error:
        raise UsageError(cannot_write(path, error, instead)) from None


class _temporary:  # noqa: N801 - a context manager, used as a function
    """The text under a temporary name beside `path`, gone afterwards whatever happens."""

    def __init__(self, path: Path, text: str | bytes) -> None:
        self.path, self.text = path, text
        self.temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")

    def __enter__(self) -> Path:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.temporary.open("wb") as file:
                file.write(self.text if isinstance(self.text, bytes) else self.text.encode())
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.__exit__()
            raise
        return self.temporary

    def __exit__(self, *_: Any) -> None:
        with suppress(OSError):
            self.temporary.unlink()


def cannot_write(
    path: Path, error: OSError, instead: str = "name another one (--results DIR or --out)"
) -> str:
    """One sentence on a file that could not be written, and what to do."""
    reason = error.strerror or str(error)
    todo = "Free some space" if error.errno == errno.ENOSPC else "Make the folder writable"
    return f"Cannot write {path}: {reason}. {todo}, or {instead}."
