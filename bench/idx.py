"""MNIST's own file format, idx: its four files are checked, unpacked and written whole."""

import gzip
import math
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SIDE_PIXELS = 28
CLASSES = 10
PARTS = ("train", "t10k")
IMAGES, LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"
FILES = tuple(f"{part}-{kind}" for part in PARTS for kind in (IMAGES, LABELS))
_IMAGE_MAGIC, _LABEL_MAGIC = 2051, 2049  # unsigned bytes in 3 and in 1 dimensions


def missing(raw: Path) -> list[str]:
    """Which of the four files `raw` holds neither plain nor as `.gz`."""
    return [f for f in FILES if not ((raw / f).is_file() or (raw / f"{f}.gz").is_file())]


def unpack(raw: Path) -> None:
    """Unpack what is there as `.gz` only, since the loader reads plain files.

    Raises ValueError for a damaged archive, OSError where `raw` can't be written.
    """
    for name in FILES:
        if (raw / name).is_file():
            continue
        packed = (raw / f"{name}.gz").read_bytes()
        try:
            plain = gzip.decompress(packed)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{name}.gz is damaged ({error})") from error
        with staged(raw) as folder:
            write_file(folder / name, plain)


def check(raw: Path) -> int:
    """Number of images in the four files, training and test together.

    Raises ValueError that names the file and what is wrong with it, OSError where one can't be
    read. A header, the file's length and the range of the labels are looked at.
    """
    return sum(_check_part(raw, part) for part in PARTS)


def _check_part(raw: Path, part: str) -> int:
    images, labels = raw / f"{part}-{IMAGES}", raw / f"{part}-{LABELS}"
    shape = _shape(images, _IMAGE_MAGIC, 3)
    count = _shape(labels, _LABEL_MAGIC, 1)[0]
    if shape[1:] != (SIDE_PIXELS, SIDE_PIXELS):
        raise ValueError(f"{images.name} holds images of {shape[1]} by {shape[2]}, not 28 by 28")
    if shape[0] != count:
        raise ValueError(f"{images.name} holds {shape[0]} images, {labels.name} {count} labels")
    if max(labels.read_bytes()[8:]) >= CLASSES:
        raise ValueError(f"{labels.name} holds labels above {CLASSES - 1}")
    return count


def _shape(path: Path, magic: int, dimensions: int) -> tuple[int, ...]:
    """Dimensions by the header of `path`, if the file is as long as they say."""
    header = 4 * (1 + dimensions)
    with path.open("rb") as file:
        head = file.read(header)
        size = os.fstat(file.fileno()).st_size
    if len(head) < header or struct.unpack(">I", head[:4])[0] != magic:
        raise ValueError(f"{path.name} is no idx file of MNIST")
    shape: tuple[int, ...] = struct.unpack(f">{dimensions}I", head[4:])
    if shape[0] == 0:
        raise ValueError(f"{path.name} is empty")
    expected = header + math.prod(shape)
    if size != expected:
        raise ValueError(f"{path.name} has {size:,} bytes where its header says {expected:,}")
    return shape


def write_part(folder: Path, part: str, images: bytes, labels: bytes) -> None:
    """Write the images (28 by 28 bytes each) and labels (a byte each) of `part` into `folder`."""
    head = struct.pack(">IIII", _IMAGE_MAGIC, len(labels), SIDE_PIXELS, SIDE_PIXELS)
    write_file(folder / f"{part}-{IMAGES}", head + images)
    write_file(folder / f"{part}-{LABELS}", struct.pack(">II", _LABEL_MAGIC, len(labels)) + labels)


def write_file(path: Path, content: bytes) -> None:
    """Write `content` and wait until the disk has it, so that a later rename can't precede it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def staged(raw: Path) -> Iterator[Path]:
    """A temporary folder whose files move into `raw`, each in one step, once all are written.

    Where writing stops early, by an error or Ctrl-C, `raw` stays as it was. Two processes that
    write the same content at once do each other no harm.
    """
    raw.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=raw, prefix=".new-") as folder:
        yield Path(folder)
        for name in FILES:
            if (Path(folder) / name).is_file():
                (Path(folder) / name).replace(raw / name)
