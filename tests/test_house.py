"""The house keeps its plan: directions of imports, late libraries, docstrings, small files."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "results": set(),
    "bench": {"results"},
    "estimators": {"results"},
    "cloud": {"results"},
    "trainfare": {"results", "bench", "estimators", "cloud"},
}
LATE = {"pandas", "sklearn", "rich", "boto3", "botocore", "google", "azure"}
FILES = sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))
LONGEST = 280


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


def at_once(tree: ast.Module) -> Iterator[ast.stmt]:
    """What runs when the module is imported: not functions, not `if TYPE_CHECKING`."""
    for node in tree.body:
        checking = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        if not checking and not isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.fixture(params=FILES, ids=name_of)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


def test_rooms_import_in_one_direction(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    others = set(imported(ast.parse(path.read_text(encoding="utf-8")))) & MAY_IMPORT.keys()
    assert others - {room} <= MAY_IMPORT[room]


def test_heavy_libraries_come_late(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    first = {name for node in at_once(tree) for name in imported(node)}
    light_room = path.relative_to(ROOT).parts[0] != "bench"
    assert first.isdisjoint(LATE | ({"torch", "torchvision", "numpy"} if light_room else set()))


def test_what_is_public_is_described(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_files_are_small(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_tests_mirror_the_rooms() -> None:
    for room in MAY_IMPORT:
        assert list((ROOT / "tests" / room).glob("test_*.py")), room
