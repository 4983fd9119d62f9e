"""The real MNIST: fetched within a time limit, and told apart from other files of its format."""

import gzip
import hashlib
import zlib
from http.client import HTTPException
from pathlib import Path
from threading import Event, Thread
from urllib.request import Request, urlopen

from bench import idx

ANSWER_SECONDS = 6.0  # until the first mirror delivers something, else there is no network
TOTAL_SECONDS = 120.0  # for all 11 MB
_STALL_SECONDS = 5.0  # one read of the network
_CHUNK_BYTES = 2**18

# MD5 of the unpacked files; many public loaders carry the same four (torchvision has those of
# the packed ones).
_MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def is_real(raw: Path) -> bool:
    """Whether the four files in `raw` are MNIST, byte by byte."""
    return all(_is_file(name, (raw / name).read_bytes()) for name in idx.FILES)


def fetch() -> dict[str, bytes] | None:
    """MNIST's files by name, unpacked, or None where no mirror delivers them in time.

    torchvision's own download knows no time limit, draws a bar and leaves half files behind, so
    only its addresses are used. A thread does it: looking up a name can't be given a limit.
    """
    from torchvision.datasets import MNIST

    download = _Download(tuple(MNIST.mirrors))
    Thread(target=download.run, name="mnist", daemon=True).start()
    in_time = download.answered.wait(ANSWER_SECONDS) and download.finished.wait(TOTAL_SECONDS)
    download.given_up.set()  # nothing may go on beside the measurement
    return download.files if in_time and len(download.files) == len(idx.FILES) else None


class _Download:
    """What the thread has got so far, and what it and the waiting one tell each other."""

    def __init__(self, mirrors: tuple[str, ...]) -> None:
        self.mirrors = mirrors
        self.files: dict[str, bytes] = {}
        self.answered, self.finished, self.given_up = Event(), Event(), Event()

    def run(self) -> None:
        """Get the four files; the first that no mirror has ends it."""
        try:
            for name in idx.FILES:
                content = self._first(name)
                if content is None:
                    return
                self.files[name] = content
        finally:
            self.answered.set()
            self.finished.set()

    def _first(self, name: str) -> bytes | None:
        """The file from the first mirror that delivers it whole."""
        for mirror in self.mirrors:
            try:
                content = gzip.decompress(self._read(f"{mirror}{name}.gz"))
            except (OSError, EOFError, HTTPException, zlib.error):
                continue  # no network, no such file, or not this file: the next one may do
            if _is_file(name, content):
                return content
        return None

    def _read(self, address: str) -> bytes:
        request = Request(address, headers={"User-Agent": "trainfare"})  # noqa: S310 torchvision's
        content = b""
        if self.given_up.is_set():
            raise TimeoutError
        with urlopen(request, timeout=_STALL_SECONDS) as response:  # noqa: S310
            self.answered.set()
            while chunk := response.read(_CHUNK_BYTES):
                content += chunk
                if self.given_up.is_set():
                    raise TimeoutError
        return content


def _is_file(name: str, content: bytes) -> bool:
    return hashlib.md5(content, usedforsecurity=False).hexdigest() == _MD5[name]
