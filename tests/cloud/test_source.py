"""The archive: what is in it, that it is the same everywhere, and what cannot travel."""

import hashlib
import io
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from cloud.source import ROOT, Source, check, digest, pack
from results.errors import RecordError, UsageError


def names(archive: bytes) -> list[str]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return tar.getnames()


@pytest.fixture(name="root")
def _root(tmp_path: Path) -> Path:
    for package in ("bench", "cloud", "results", "tests", "trainfare"):
        (tmp_path / package / "__pycache__").mkdir(parents=True)
        (tmp_path / package / "__init__.py").write_text(f'"""{package}"""\n')
        (tmp_path / package / "__pycache__" / "__init__.cpython-311.pyc").write_bytes(b"x")
        (tmp_path / package / "notes.txt").write_text("private")
    (tmp_path / "bench" / "py.typed").touch()
    (tmp_path / "bench" / "workloads").mkdir()
    (tmp_path / "bench" / "workloads" / "cnn.py").write_text("1\n")
    return tmp_path


def test_it_holds_the_three_packages_and_nothing_else(root: Path, make_job: Any) -> None:
    assert names(pack(make_job(), root=root).archive) == [
        "bench/__init__.py",
        "bench/py.typed",
        "bench/workloads/cnn.py",
        "cloud/__init__.py",
        "results/__init__.py",
    ]


def test_the_same_source_is_the_same_bytes(root: Path, make_job: Any) -> None:
    first = pack(make_job(), root=root).archive
    for path in root.rglob("*.py"):
        path.chmod(0o755)
        os.utime(path, (1, 1))
    assert pack(make_job(epochs=9), root=root).archive == first
    assert digest(first) == hashlib.sha256(first).hexdigest()
    (root / "bench" / "workloads" / "cnn.py").write_text("2\n")
    assert pack(make_job(), root=root).archive != first


def test_members_have_no_time_owner_or_odd_mode(root: Path, make_job: Any) -> None:
    with tarfile.open(fileobj=io.BytesIO(pack(make_job(), root=root).archive)) as tar:
        kinds = {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in tar}
    assert kinds == {(0, 0, 0, "", "", 0o644)}


def test_a_users_file_travels_alone(root: Path, tmp_path: Path, make_job: Any) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "my model.py").write_text("def factory(): ...\n")
    (folder / "secret.py").write_text("password = 1\n")
    archive = pack(make_job(reference=f"{folder}/my model.py:factory"), root=root).archive
    assert "workload/my model.py" in names(archive)
    assert not any("secret" in name for name in names(archive))


def test_pythons_own_tarfile_command_unpacks_what_runs(tmp_path: Path, make_job: Any) -> None:
    (tmp_path / "source.tar.gz").write_bytes(pack(make_job()).archive)
    unpack = [sys.executable, "-m", "tarfile", "-e", "source.tar.gz", "out"]
    subprocess.run(unpack, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out" / "cloud" / "entry.py").read_bytes() == (
        ROOT / "cloud" / "entry.py"
    ).read_bytes()
    # Nothing but the archive: neither this folder nor installed packages are on the path.
    command = [sys.executable, "-S", "-m", "cloud.entry", "--help"]
    ran = subprocess.run(command, cwd=tmp_path / "out", capture_output=True, text=True, check=True)
    assert "--samples-per-epoch" in ran.stdout


@pytest.mark.parametrize("reference", ["cnn", "torchvision:resnet50"])
def test_a_built_in_workload_keeps_its_reference(root: Path, make_job: Any, reference: str) -> None:
    assert pack(make_job(reference=reference), root=root).job.workload.reference == reference


def test_the_reference_inside_the_job_leads_into_the_archive(root: Path, make_job: Any) -> None:
    (root / "a" / "b").mkdir(parents=True)
    (root / "a" / "b" / "model.py").write_text("1\n")
    job = make_job(reference=f"{root}/a/b/model.py:make")
    alone = pack(job, root=root)
    assert alone.job.workload.reference == "workload/model.py:make"
    assert "workload/model.py" in names(alone.archive)
    together = pack(job, Source(folder=root / "a"), root)
    assert together.job.workload.reference == "workload/b/model.py:make"
    assert "workload/b/model.py" in names(together.archive)


@pytest.mark.parametrize(
    "reference",
    ["package.module:factory", "model.py", "model.py:", "model.py:a b", "", "../x", ":"],
)
def test_what_is_no_single_file_cannot_travel(root: Path, make_job: Any, reference: str) -> None:
    with pytest.raises(UsageError, match=r"path/to/file\.py:factory"):
        pack(make_job(reference=reference), root=root)


def test_a_missing_file_is_told(root: Path, make_job: Any) -> None:
    with pytest.raises(UsageError, match="No such file"):
        pack(make_job(reference="nowhere/model.py:make"), root=root)


def test_a_file_changed_since_the_measurement_is_not_sent(root: Path, make_job: Any) -> None:
    file = root / "model.py"
    file.write_text("a = 1\n")
    job = make_job(reference=f"{file}:make", source_digest=digest(b"a = 1\n"))
    assert "workload/model.py" in names(pack(job, root=root).archive)
    file.write_text("a = 2\n")
    with pytest.raises(UsageError, match=r"changed since it was measured.*trainfare measure"):
        pack(job, root=root)


@pytest.mark.parametrize(
    ("reference", "given", "says"),
    [
        ("cnn", {"folder": Path("nowhere")}, "'nowhere'"),
        ("cnn", {"requirements": Path("nowhere.txt")}, "'nowhere.txt'"),
        ("package.module:make", {}, "--source DIR"),
    ],
)
def test_what_cannot_travel_is_told_before_a_measurement(
    reference: str, given: dict[str, Path], says: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        check(reference, Source(**given))


def test_what_can_travel_passes(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("")
    check(f"{tmp_path}/mine.py:make", Source(folder=tmp_path))
    check("torchvision:resnet18", Source())
    check("cnn", Source())


def test_a_job_measured_on_a_data_folder_is_not_sent(root: Path, make_job: Any) -> None:
    with pytest.raises(UsageError, match="--data-root '/my/data' is a folder of this machine"):
        pack(make_job(data_root="/my/data"), root=root)


def test_a_broken_installation_is_told(tmp_path: Path, make_job: Any) -> None:
    with pytest.raises(RecordError, match=r"'bench'.*Install trainfare again"):
        pack(make_job(), root=tmp_path)
