"""What comes back from a job is hostile until checked: here it becomes plain files, or nothing.

Whoever can write to the job's output place, or got into the job, chooses names and bytes. So only
regular files are made, below one folder, under names that mean the same on every system, within
limits on size, number and compression ratio. Nothing that came back is ever executed or unpickled.
"""

import os
import re
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from results.errors import RecordError, UsageError
from results.places import cannot_write

MAX_FILES = 10_000
MAX_TOTAL_BYTES = 2 * 2**30  # of everything that one job left; checkpoints are not fetched
MAX_RATIO, FREE_BYTES = 200, 16 * 2**20  # gzip reaches 1,000; text of a log some 10 to 30
CHUNK_BYTES = 2**16
# A part of a name: no separators, no control characters, nothing that Windows reads otherwise.
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,200}")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class HostileError(RecordError):
    """What a job left cannot be taken as it is; nothing of the file in question was kept."""


class Guard:
    """Takes files into one empty folder, and stops at the first that breaks a rule."""

    def __init__(self, folder: Path, max_bytes: int = MAX_TOTAL_BYTES) -> None:
        self.folder = folder
        self.left_bytes = max_bytes
        self._seen: set[str] = set()

    def file(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Keep the bytes as `name` below the folder. Raises HostileError, UsageError."""
        parts = safe_parts(name)
        key = "/".join(parts).casefold()  # one file where the system ignores case
        if key in self._seen:
            raise HostileError(f"{name!r} comes twice in what the job left")
        if len(self._seen) >= MAX_FILES:
            raise HostileError(f"the job left more than {MAX_FILES} files")
        self._seen.add(key)
        path = self.folder.joinpath(*parts)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Exclusive, and never through a link: nothing that was there before is touched.
            flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
            number = os.open(path, flags, 0o600)
        except (FileExistsError, NotADirectoryError):
            raise HostileError(f"{name!r} would replace what is there already") from None
        except OSError as error:
            raise UsageError(cannot_write(path, error)) from None
        self._fill(path, number, name, chunks)
        return path

    def _fill(self, path: Path, number: int, name: str, chunks: Iterable[bytes]) -> None:
        try:
            with os.fdopen(number, "wb") as file:
                for chunk in chunks:
                    self.left_bytes -= len(chunk)
                    if self.left_bytes < 0:
                        raise HostileError(f"{name!r} and what came before it are too large")
                    file.write(chunk)
        except BaseException as error:
            with suppress(OSError):
                path.unlink()
            if isinstance(error, OSError):
                raise UsageError(cannot_write(path, error)) from None
            raise


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of a relative path that stays below its folder. Raises HostileError."""
    parts = name.removeprefix("./").split("/")
    bad = [
        part
        for part in parts
        if not _PART.fullmatch(part)
        or part.strip(". ") == ""
        or part[-1] in ". "
        or _DEVICES.fullmatch(part)
    ]
    if bad or len(parts) > 20 or not name.isprintable() or len(name.encode(errors="replace")) > 800:
        raise HostileError(f"{name[:80]!r} is no name for a file of a result")
    return tuple(parts)


def unpack_tar(stream: IO[bytes], folder: Path) -> list[Path]:
    """Take the files of a .tar.gz into an empty `folder`; the archive is read once, as a stream.

    Folders are made as files need them. Raises HostileError at a link, a device, a sparse file, a
    name that leads out or comes twice, a broken archive, and at more bytes than the limits allow;
    what was taken before it stays in `folder`, which the caller then throws away.
    """
    guard = Guard(folder)
    kept = []
    plain: Any = _Plain(stream, 2 * MAX_TOTAL_BYTES)  # twice: for headers and padding
    try:
        with tarfile.open(fileobj=plain, mode="r|") as tar:
            for member in tar:
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise HostileError(f"{member.name[:80]!r} is a link or device, not a file")
                kept.append(guard.file(member.name, _chunks(tar.extractfile(member))))
        while plain.read(CHUNK_BYTES):  # to the end: only there a cut or changed download shows
            pass
    except (tarfile.TarError, EOFError, zlib.error, ValueError, MemoryError) as error:
        raise HostileError(f"the job's result is no whole .tar.gz file ({error})") from None
    return kept


def _chunks(content: IO[bytes] | None) -> Iterator[bytes]:
    while content is not None and (chunk := content.read(CHUNK_BYTES)):
        yield chunk


class _Plain:
    """The decompressed stream, with an end: reading stops before a bomb has filled anything."""

    def __init__(self, stream: IO[bytes], max_bytes: int) -> None:
        self._chunks = self._inflated(stream)
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def _inflated(self, stream: IO[bytes]) -> Iterator[bytes]:
        unzip, read_bytes, made_bytes = zlib.decompressobj(wbits=31), 0, 0
        while not unzip.eof:
            packed = unzip.unconsumed_tail or stream.read(CHUNK_BYTES)
            if not packed:
                raise HostileError("the job's result ends in the middle: fetch it again")
            read_bytes += 0 if unzip.unconsumed_tail else len(packed)
            plain = unzip.decompress(packed, CHUNK_BYTES)
            made_bytes += len(plain)
            if made_bytes > min(self._max_bytes, FREE_BYTES + MAX_RATIO * read_bytes):
                raise HostileError("the job's result grows beyond all measure when decompressed")
            yield plain

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; a header that claims to be huge is refused by the caller's limits."""
        if size > self._max_bytes:
            raise HostileError("the job's result claims to be larger than a result can be")
        while len(self._buffer) < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken
