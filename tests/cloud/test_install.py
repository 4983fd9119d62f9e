"""`--requirements` for real: pip in a job's entry point, from wheels that lie beside the test."""

import site
import venv
import zipfile
from collections.abc import Callable
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from fakes.running import run_azure

from cloud.registry import plan_packed
from cloud.source import Source, pack
from results import codec
from results.records import Run

WORKLOAD = """
import tinyfare
from bench.workloads import mlp

def make():
    made = mlp.workload()
    made.name = tinyfare.NAME
    return made
"""


def wheel(folder: Path, name: str, number: str, module: str, needs: tuple[str, ...] = ()) -> None:
    """The smallest wheel there is."""
    info = f"{name}-{number}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {number}\n"
    metadata += "".join(f"Requires-Dist: {one}\n" for one in needs)
    with zipfile.ZipFile(folder / f"{name}-{number}-py3-none-any.whl", "w") as packed:
        packed.writestr(f"{name}.py", module)
        packed.writestr(f"{info}/METADATA", metadata)
        packed.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n"
                        "Tag: py3-none-any\n")  # fmt: skip
        packed.writestr(f"{info}/RECORD", "")


@pytest.fixture(name="wheels")
def _wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "tinyfare", "1.0", 'NAME = "installed"', ("torch>=2",))
    wheel(folder, "torch", "1.0", "")  # what a careless requirement would bring
    wheel(folder, "torch", "99.0", "")
    wheel(folder, "backwards", "1.0", "", ("torch==1.0",))
    return folder


@pytest.fixture(name="image")
def _image(tmp_path: Path) -> Path:
    """An environment of its own that sees the packages here, as an image brings its own."""
    venv.EnvBuilder(symlinks=True).create(tmp_path / "image")
    (own,) = (tmp_path / "image").glob("lib/*/site-packages")
    seen = [path for path in site.getsitepackages() if Path(path).is_dir()]
    (own / "image.pth").write_text("".join(f"import site; site.addsitedir({p!r})\n" for p in seen))
    return tmp_path / "image"


class JobHere:
    """A job of one node, as Azure ML starts it, with the image's Python."""

    def __init__(
        self, folder: Path, image: Path, wheels: Path, plan: Callable[[Path], Any]
    ) -> None:
        self.folder, self.image, self.wheels, self.plan = folder, image, wheels, plan
        self.node = folder / "node-0"

    def run(self, requirements: str) -> tuple[int, str]:
        """Its exit code, and what it said."""
        listed = self.folder / "requirements.txt"
        listed.write_text(requirements)
        request, archive = self.plan(listed)
        (code,) = run_azure(
            request, archive, self.folder, 0, PATH=f"{self.image}/bin:/usr/bin:/bin",
            PIP_NO_INDEX="1", PIP_FIND_LINKS=str(self.wheels),
        )  # fmt: skip
        return code, (self.node / "log.txt").read_text(encoding="utf-8")

    def installed(self) -> set[str]:
        """Names of what lies in the image's own folder of packages."""
        (own,) = self.image.glob("lib/*/site-packages")
        return {path.name for path in own.glob("*.dist-info")}


@pytest.fixture(name="job")
def _job(
    tmp_path: Path, image: Path, wheels: Path, make_job: Any, make_offer: Any, settings_of: Any
) -> JobHere:
    (tmp_path / "mine.py").write_text(WORKLOAD)
    job = make_job(
        name="mine", reference=f"{tmp_path}/mine.py:make", batch_size=32, samples_per_epoch=256,
        epochs=1,
    )  # fmt: skip
    offer = make_offer("azure", accelerator=None, accelerator_count=0.0)

    def plan(requirements: Path) -> Any:
        packed = pack(job, Source(requirements=requirements))
        return plan_packed(packed, offer, settings_of("azure"), Decimal(5)).request, packed.archive

    return JobHere(tmp_path, image, wheels, plan)


@pytest.mark.slow
def test_the_training_uses_what_was_installed_and_the_images_torch(job: JobHere) -> None:
    code, said = job.run("tinyfare>=1\n")
    assert code == 0, said
    assert job.installed() == {"tinyfare-1.0.dist-info"}  # torch 99.0 is newer, and not taken
    (path,) = (job.node / "outputs" / "runs").iterdir()
    run = codec.loads(path.read_text(encoding="utf-8"), Run)
    assert run.workload.name == "installed"
    assert version("torch") == run.machine.torch_version


@pytest.mark.parametrize(
    ("requirements", "why"),
    [
        ("backwards\n", "torch"),  # another torch than the image's
        ("not-to-be-found\n", "not-to-be-found"),
    ],
)
def test_what_cannot_be_installed_ends_the_job_in_one_sentence(
    job: JobHere, requirements: str, why: str
) -> None:
    code, said = job.run(requirements)
    assert code == 2
    last = said.strip().splitlines()[-1]
    assert last.startswith("trainfare: The requirements could not be installed beside what the ")
    assert f"torch=={version('torch')}" in last
    assert why in said
    assert "Traceback" not in said
    assert job.installed() == set()
    assert not (job.node / "outputs" / "runs").exists()
