"""The command line as a user starts it: another process, a folder of its own, no network."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout; fails if there is anything else."""
        found: dict[str, Any] = json.loads(self.out)
        return found


def environment(home: Path, **more: str) -> dict[str, str]:
    """This one without settings, credentials or colours of whoever runs the tests."""
    foreign = (
        "AWS_",
        "GOOGLE_",
        "AZURE_",
        "IDENTITY_",
        "TRAINFARE_",
        "XDG_",
        "COLUMNS",
        "FORCE_COLOR",
    )
    plain = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    return plain | {"HOME": str(home), "TRAINFARE_OFFLINE": "1"} | more


def run_in(folder: Path, *words: str, **more: str) -> Answer:
    """`trainfare WORDS` in the folder."""
    return Answer(*cli_process.run(words, folder, environment(folder, **more)))


@pytest.fixture(scope="session")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the MLP was measured once, for all tests."""
    folder = tmp_path_factory.mktemp("measured")
    answer = run_in(folder, "measure", "mlp", "--max-seconds", "2", "--json")
    assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def cli(measured: Path, tmp_path: Path) -> Callable[..., Answer]:
    """`cli("quote", "mlp")` in a folder of the test's own that holds a fresh record."""
    shutil.copytree(measured / "trainfare-results", tmp_path / "trainfare-results")
    return lambda *words, **more: run_in(tmp_path, *words, **more)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """The environment of a command that a test starts by itself."""
    return environment(tmp_path)


@pytest.fixture
def configured(tmp_path: Path) -> Path:
    """The documented example of a settings file, where the command finds it."""
    text = (ROOT / "docs" / "trainfare.toml").read_text(encoding="utf-8")
    path = tmp_path / "trainfare.toml"
    path.write_text(text.replace("westeurope", "eastus"), encoding="utf-8")
    return path
