"""What the README shows is true: its commands run, and its output is what they print."""

import itertools
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.trainfare.conftest import run_in

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line.partition("  #")[0].strip()
    for block in BLOCKS
    for line in block.splitlines()
    if line.startswith("trainfare ")
]
(SHOWN,) = (block for block in BLOCKS if "Cost of the whole job" in block)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A user's folder with the documented examples and settings, and a record: which of the
    commands come here, and in which order, is for pytest-xdist to say."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copy(ROOT / "docs" / "trainfare.toml", folder)
    run(folder, "trainfare measure mlp --max-seconds 1")
    return folder


def run(folder: Path, command: str) -> str:
    done = run_in(folder, *shlex.split(command)[1:])
    assert done.code == 0, done.err
    return done.out


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_run(folder: Path, command: str) -> None:
    # Measuring for a shorter time than the reader would: what is shown is the same.
    briefly = command.startswith(("trainfare measure", "trainfare advise", "trainfare quote"))
    assert run(folder, f"{command} --max-seconds 1" if briefly else command)


def headings(text: str) -> list[list[str]]:
    """The lines above and below which a table begins: titles and column names."""
    lines = text.splitlines()
    return [
        line.split()
        for here, rule in itertools.pairwise(lines)
        if "───" in rule
        for line in (lines[lines.index(here) - 1], here)
    ]


@pytest.mark.slow
def test_output_looks_as_shown(folder: Path) -> None:
    printed = run(folder, "trainfare quote cnn --epochs 10 --max-seconds 10")
    # The evidence is told in the title only where it is the same for all.
    assert [" ".join(h) for h in headings(SHOWN)] == [" ".join(h) for h in headings(printed)][:4]
    assert SHOWN.splitlines()[0] == printed.splitlines()[0]
    for phase in ("load", "forward", "backward", "optimizer", "step", "epoch"):
        assert re.search(rf"^cnn +cpu +{phase} ", printed, re.MULTILINE)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_exit_codes_are_those_of_the_program() -> None:
    from results import errors
    from trainfare.__main__ import INTERRUPTED

    told = {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    own = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    assert told >= own | {0, INTERRUPTED}
