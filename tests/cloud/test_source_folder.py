"""`--source DIR`: what travels, what is left out, and what stops the submit by its name."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from cloud import source_folder
from cloud.source import Source, digest, pack
from cloud.source_folder import files_of
from results.errors import UsageError


@pytest.fixture(name="mine")
def _mine(tmp_path: Path) -> Path:
    """A project as people have them: a package, data, what tools left."""
    folder = tmp_path / "mine"
    for name, text in {
        "train.py": "from pkg import model\n",
        "pkg/__init__.py": "",
        "pkg/model.py": "def make(): ...\n",
        "conf/small.yaml": "lr: 0.1\n",
        "data/big.bin": "0" * 100,
        "notes.log": "x",
        ".gitignore": "*.log\n/data/\n",
        ".git/config": "[remote]\nurl = https://user:token@host\n",
        "pkg/__pycache__/model.cpython-311.pyc": "x",
        "trainfare-results/runs/a.json": "{}",
        "trainfare.toml": "[aws]\n",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_what_git_would_keep_travels(mine: Path) -> None:
    assert sorted(files_of(mine)) == [
        ".gitignore", "conf/small.yaml", "pkg/__init__.py", "pkg/model.py", "train.py",
    ]  # fmt: skip


def test_an_ignore_file_of_its_own_replaces_gits(mine: Path) -> None:
    (mine / ".trainfareignore").write_text(
        "# not the configuration\nconf/\n!*.pyc\n!__pycache__/\n"
    )
    found = files_of(mine)
    assert "notes.log" in found
    assert "data/big.bin" in found
    assert not any(name.startswith(("conf", ".git/")) for name in found)
    assert any(name.endswith(".pyc") for name in found)  # taken back in, as asked


def test_it_decides_as_git_does(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GIT_DIR")
    (mine / "pkg" / ".gitignore").write_text("*.tmp\n!keep.tmp\n/only_here.txt\n!loud.log\n")
    for name in (
        "pkg/a.tmp", "pkg/keep.tmp", "pkg/only_here.txt", "pkg/sub/only_here.txt", "loud.log",
        "pkg/loud.log", "pkg/sub/b.tmp", "pkg/ünï.py", "pkg/sp ace.py",
    ):  # fmt: skip
        (mine / name).parent.mkdir(exist_ok=True)
        (mine / name).write_text("x")
    for path in sorted((mine / ".git").rglob("*"), reverse=True):
        path.unlink()
    (mine / ".git").rmdir()
    git = ["git", "-c", "core.quotepath=off"]
    subprocess.run([*git, "init", "-q"], cwd=mine, check=True)
    listing = [*git, "ls-files", "-z", "--others", "--exclude-standard"]
    told = subprocess.run(listing, cwd=mine, check=True, capture_output=True, text=True).stdout
    by_git = {name for name in told.split("\0") if name}
    never = {name for name in by_git if name.startswith(("trainfare", "pkg/__pycache__"))}
    assert set(files_of(mine)) == by_git - never


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env", "A=1"),
        (".env.production", "A=1"),
        ("conf/.netrc", "machine x"),
        ("deploy.key", "x"),
        ("id_rsa", "x"),
        ("gcp/service-account-prod.json", "{}"),
        ("Client_Secret_12.json", "{}"),
        (".aws/config", "x"),
        ("a/.ssh/known_hosts", "x"),
        ("cert.pem", "-----BEGIN RSA PRIVATE KEY-----\nx"),
        ("notes.md", "-----BEGIN OPENSSH PRIVATE KEY-----"),
        ("conf/a.yaml", "key: AKIAABCDEFGHIJKLMNOP"),
        ("run.sh", "export AWS_SECRET_ACCESS_KEY=" + "a1B2" * 10),
        ("x.json", '{"private_key_id": "' + "ab12" * 10 + '"}'),
        ("x.py", 'T = "ghp_' + "aB3d" * 9 + '"'),
        ("x.py", 'T = "hf_' + "aB" * 17 + '"'),
        ("x.txt", "AccountName=a;AccountKey=" + "aB3+" * 22),
    ],
)
def test_a_secret_stops_the_submit_by_its_name(mine: Path, name: str, text: str) -> None:
    (mine / name).parent.mkdir(parents=True, exist_ok=True)
    (mine / name).write_text(text)
    with pytest.raises(UsageError, match="Looks like a secret") as caught:
        files_of(mine)
    assert f"{name} (" in str(caught.value)
    assert "AKIA" not in str(caught.value)
    assert "aB" not in str(caught.value)
    (mine / ".trainfareignore").write_text(f"/{name}\n/data\n")
    assert name not in files_of(mine)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".env.example", "TOKEN="),
        ("id_rsa.pub", "ssh-rsa x"),
        ("ca.pem", "-----BEGIN CERTIFICATE-----"),
        ("docs.md", "AKIAIOSFODNN7EXAMPLE"),
        ("tokenizer.py", "key = 1"),
        ("environment.yml", "a"),
    ],
)
def test_what_only_resembles_a_secret_travels(mine: Path, name: str, text: str) -> None:
    (mine / name).write_text(text)
    assert name in files_of(mine)


def test_a_single_file_is_looked_at_too(tmp_path: Path, make_job: Any) -> None:
    (tmp_path / "model.py").write_text("KEY = 'AKIAABCDEFGHIJKLMNOP'\n")
    with pytest.raises(UsageError, match=r"model\.py \(holds an AWS access key\)"):
        pack(make_job(reference=f"{tmp_path}/model.py:make"))


def test_links_and_pipes_are_named(mine: Path) -> None:
    (mine / "data2").symlink_to("/etc")
    with pytest.raises(UsageError, match=r"data2' is a link or device.*add data2 to"):
        files_of(mine)
    (mine / "data2").unlink()
    os.mkfifo(mine / "pipe")
    with pytest.raises(UsageError, match="pipe' is a link or device"):
        files_of(mine)


def test_size_and_count_are_limited(mine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (mine / "weights.bin").write_bytes(b"0" * 5000)
    monkeypatch.setattr(source_folder, "MAX_BYTES", 4000)
    with pytest.raises(UsageError, match=r"the largest so far: weights\.bin"):
        files_of(mine)
    monkeypatch.setattr(source_folder, "MAX_BYTES", 2**20)
    monkeypatch.setattr(source_folder, "MAX_FILES", 3)
    with pytest.raises(UsageError, match="3 files"):
        files_of(mine)


def test_the_same_folder_is_the_same_bytes(mine: Path, make_job: Any) -> None:
    job = make_job(reference=f"{mine}/train.py:make")
    first = pack(job, Source(folder=mine))
    for path in mine.rglob("*.py"):
        path.chmod(0o755)
        os.utime(path, (1, 1))
    moved = mine.rename(mine.parent / "elsewhere")
    again = pack(make_job(reference=f"{moved}/train.py:make"), Source(folder=moved))
    assert again.archive == first.archive
    assert again.job == first.job


def test_a_module_travels_with_its_folder(mine: Path, make_job: Any) -> None:
    measured = digest((mine / "pkg" / "model.py").read_bytes())
    job = make_job(reference="pkg.model:make", source_digest=measured)
    packed = pack(job, Source(folder=mine))
    assert packed.job.workload.reference == "pkg.model:make"
    with tarfile.open(fileobj=io.BytesIO(packed.archive)) as tar:
        assert "workload/pkg/model.py" in tar.getnames()
    (mine / "pkg" / "model.py").write_text("changed\n")
    with pytest.raises(UsageError, match="has changed since it was measured"):
        pack(job, Source(folder=mine))
    with pytest.raises(UsageError, match="cannot be read"):
        pack(make_job(reference="pkg.other:make"), Source(folder=mine))


def test_a_workload_outside_or_left_out_is_told(mine: Path, tmp_path: Path, make_job: Any) -> None:
    (tmp_path / "other.py").write_text("1\n")
    with pytest.raises(UsageError, match="lies outside --source"):
        pack(make_job(reference=f"{tmp_path}/other.py:make"), Source(folder=mine))
    (mine / ".trainfareignore").write_text("train.py\n")
    with pytest.raises(UsageError, match="left out by the ignore rules"):
        pack(make_job(reference=f"{mine}/train.py:make"), Source(folder=mine))
    with pytest.raises(UsageError, match="is no folder"):
        pack(make_job(reference=f"{mine}/train.py:make"), Source(folder=mine / "train.py"))


def test_requirements_travel_as_plain_names(tmp_path: Path, make_job: Any) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text("# mine\ntqdm>=4.66  # bars\n\neinops==0.8.0\nx[a,b] ; python_version>'3'\n")
    with tarfile.open(
        fileobj=io.BytesIO(pack(make_job(), Source(requirements=file)).archive)
    ) as tar:
        found = tar.extractfile("requirements.txt")
        assert found is not None
        assert found.read() == b"tqdm>=4.66\neinops==0.8.0\nx[a,b] ; python_version>'3'\n"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("torch==2.4.0", "which the image brings"),
        ("Torch", "which the image brings"),
        ("torchvision>=0.2", "which the image brings"),
        ("nvidia_cublas_cu12", "which the image brings"),
        ("--index-url https://user:password@host/simple", "no requirement by name"),
        ("-r other.txt", "no requirement by name"),
        ("-e .", "no requirement by name"),
        ("./pkg", "no requirement by name"),
        ("a @ https://user:password@host/a.whl", "no requirement by name"),
        ("a b", "no requirement by name"),
    ],
)
def test_what_is_no_requirement_is_refused(
    tmp_path: Path, make_job: Any, line: str, says: str
) -> None:
    file = tmp_path / "requirements.txt"
    file.write_text(f"tqdm\n{line}\n")
    with pytest.raises(UsageError, match=f"Line 2 .*{says}") as caught:
        pack(make_job(), Source(requirements=file))
    assert "password" not in str(caught.value)


def test_the_ignore_library_is_not_needed_without_a_folder() -> None:
    script = "import cloud.source, sys; assert 'pathspec' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", script], cwd=source_folder.__file__.rsplit("/", 2)[0], check=True
    )
