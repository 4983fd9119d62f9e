"""Hostile results: ways out, links, devices, bombs, lies; nothing of them reaches the disk."""

import gzip
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud import unpack
from cloud.unpack import Guard, HostileError, safe_parts, unpack_tar
from results.errors import UsageError


def member(name: str, data: bytes = b"x", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data) if info.isreg() else None)
    return gzip.compress(plain.getvalue())


def unpacked(data: bytes, folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in unpack_tar(io.BytesIO(data), folder))


@pytest.fixture(name="inside")
def _inside(tmp_path: Path) -> Path:
    (tmp_path / "inside").mkdir()
    (tmp_path / "precious").write_text("mine")
    return tmp_path / "inside"


def everything(inside: Path) -> list[str]:
    return sorted(str(p.relative_to(inside.parent)) for p in inside.parent.rglob("*"))


def test_an_honest_result_is_taken_whole(inside: Path) -> None:
    folder = member("runs", b"", type=tarfile.DIRTYPE)
    data = packed(folder, member("./runs/a.json", b"{}"), member("log-node0.txt", b"a" * 200_000))
    assert unpacked(data, inside) == ["log-node0.txt", "runs/a.json"]
    assert (inside / "log-node0.txt").read_bytes() == b"a" * 200_000
    assert (inside / "runs" / "a.json").stat().st_mode & 0o777 == 0o600


OUT = [
    "../precious", "/etc/passwd", "a/../../precious", "..", "a/..", "./../x", "", ".", "/", "a//b",
    "C:\\x", "C:x", "..\\precious", "a\nb", "a\x00b", "nul", "COM1.txt", "a.", "a ", "x" * 300,
    "a/" * 30 + "b", "\u202egpj.json", "\ud800",
]  # fmt: skip


@pytest.mark.parametrize("name", OUT)
def test_no_name_leads_out(inside: Path, name: str) -> None:
    with pytest.raises(HostileError):
        Guard(inside).file(name, [b"x"])
    assert everything(inside) == ["inside", "precious"]


@given(st.text(max_size=40) | st.lists(st.sampled_from(["..", ".", "", "a", "\\"])).map("/".join))
def test_any_name_stays_below(name: str) -> None:
    try:
        parts = safe_parts(name)
    except HostileError:
        return
    root = Path("/some/where")
    assert Path(os.path.normpath(root.joinpath(*parts))).is_relative_to(root)
    assert len(parts) >= 1


LINKS = [
    {"type": tarfile.SYMTYPE, "linkname": "../precious"},
    {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
    {"type": tarfile.LNKTYPE, "linkname": "../precious"},
    {"type": tarfile.FIFOTYPE},
    {"type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
    {"type": tarfile.BLKTYPE},
]


@pytest.mark.parametrize("fields", LINKS)
def test_links_and_devices_are_refused(inside: Path, fields: dict[str, Any]) -> None:
    data = packed(member("runs/a.json", b"", **fields), member("runs/a.json/b", b"x"))
    with pytest.raises(HostileError, match="link or device"):
        unpacked(data, inside)
    assert everything(inside) == ["inside", "precious"]


def test_nothing_is_written_through_a_link_that_is_there(inside: Path) -> None:
    (inside / "a.json").symlink_to(inside.parent / "precious")
    with pytest.raises(HostileError, match="replace what is there"):
        unpacked(packed(member("a.json", b"bad")), inside)
    assert (inside.parent / "precious").read_text() == "mine"


@pytest.mark.parametrize("second", ["runs/a.json", "./runs/a.json", "RUNS/A.json"])
def test_a_file_that_comes_twice_is_refused(inside: Path, second: str) -> None:
    with pytest.raises(HostileError, match="comes twice"):
        unpacked(packed(member("runs/a.json"), member(second)), inside)


def test_a_file_below_a_file_is_refused(inside: Path) -> None:
    with pytest.raises(HostileError, match="replace what is there"):
        unpacked(packed(member("a"), member("a/b")), inside)


def bomb(count: int) -> bytes:
    return packed(member("bomb.bin", b"\0" * count))


def header_bomb() -> bytes:
    """A header for extended attributes that is itself 200 MB of zeros."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 200 * 2**20
    return gzip.compress(info.tobuf() + b"\0" * (200 * 2**20), 9)


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: bomb(64 * 2**20), header_bomb])
def test_a_bomb_is_stopped_by_its_ratio(inside: Path, make: Callable[[], bytes]) -> None:
    data = make()
    assert len(data) < 2**20
    with pytest.raises(HostileError, match="beyond all measure"):
        unpacked(data, inside)
    assert not list(inside.rglob("*.bin"))


def test_size_and_count_are_limited(inside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HostileError, match="too large"):
        Guard(inside, 10).file("a", [b"123456", b"78901"])
    assert everything(inside) == ["inside", "precious"]
    monkeypatch.setattr(unpack, "MAX_FILES", 2)
    with pytest.raises(HostileError, match="more than 2 files"):
        unpacked(packed(member("a"), member("b"), member("c")), inside)


def test_a_header_that_lies_about_its_size_is_no_whole_file(inside: Path) -> None:
    info = tarfile.TarInfo("a.json")
    info.size = 10**12
    with pytest.raises(HostileError):
        unpacked(gzip.compress(info.tobuf() + b"x" * 512), inside)
    assert not list(inside.rglob("*.json"))


@pytest.mark.parametrize("keep", [0, 1, 10, 40])
def test_a_truncated_download_is_told(inside: Path, keep: int) -> None:
    data = packed(member("log.txt", os.urandom(100_000)))
    with pytest.raises(HostileError):
        unpacked(data[:keep], inside)
    assert not list(inside.rglob("*.txt"))


@pytest.mark.parametrize("keep", [-1, -8, -9, -10, -60])
def test_a_download_cut_after_its_last_file_is_told(inside: Path, keep: int) -> None:
    """Though every file is whole by then; the caller throws the folder away."""
    with pytest.raises(HostileError, match="ends in the middle"):
        unpacked(packed(member("log.txt", os.urandom(100_000)))[:keep], inside)


def test_a_download_changed_on_its_way_is_told(inside: Path) -> None:
    data = bytearray(packed(member("log.txt", b"x" * 1000)))
    data[-6] ^= 1  # of the checksum
    with pytest.raises(HostileError):
        unpacked(bytes(data), inside)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_answer_or_a_sentence(tmp_path_factory: Any, data: bytes) -> None:
    with pytest.raises(HostileError):
        unpack_tar(io.BytesIO(data), tmp_path_factory.mktemp("any"))


def test_a_full_disk_is_told_and_leaves_no_half_file(inside: Path) -> None:
    def chunks() -> Any:
        yield b"half"
        raise OSError(28, "No space left on device")

    with pytest.raises(UsageError, match="Free some space"):
        Guard(inside).file("a", chunks())
    assert everything(inside) == ["inside", "precious"]
