"""`trainfare report --format md --base …`: total and change against a base, with the verdict."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from results.records import Run
from results.store import Store
from tests.results.conftest import build_estimate, build_measurement, build_quote, build_run, usd
from tests.trainfare.conftest import Answer, run_in

Report = Callable[..., tuple[Answer, str]]
NAMES = [f"2026112{day}T000000-cnn-00000{day}" for day in range(3)]


def run_of(day: int, seconds: float, **machine: Any) -> Run:
    step = build_measurement("step", seconds, samples_per_repeat=64)
    return build_run(
        run_id=NAMES[day],
        captured_at=f"2026-11-2{day}T00:00:00+00:00",
        commit=f"c0ffee{day}",
        measurements=(step,),
        **machine,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three commits, the last of them twice as slow; the last two were quoted."""
    store = Store(tmp_path / "trainfare-results")
    for day, seconds in enumerate((0.1, 0.1, 0.2)):
        store.add(run_of(day, seconds))
    for day, (low, mid, high) in ((1, ("0.1", "0.2", "0.3")), (2, ("0.2", "0.3", "0.6"))):
        estimate = build_estimate(usd=usd(low, mid, high))
        store.add(build_quote(estimate, run_id=NAMES[day], quote_id=f"q{day}-cnn-00000{day}"))
    return tmp_path


@pytest.fixture
def report(folder: Path) -> Report:
    """`report("latest~1")`: the command's answer and the page it wrote, if any."""

    def made(base: str) -> tuple[Answer, str]:
        page = folder / "r.md"
        page.unlink(missing_ok=True)
        answer = run_in(folder, "report", "--format", "md", "--base", base, "--out", "r.md")
        return answer, page.read_text(encoding="utf-8") if page.exists() else ""

    return made


def test_against_the_run_before(report: Report) -> None:
    answer, page = report("latest~1")
    assert answer.code == 0, answer.err
    assert "Against the base: 1 slower." in page
    assert "Total cost: $0.20–0.60, at the base $0.10–0.30 (+50.0% in the middle)" in page
    row = next(line for line in page.splitlines() if line.startswith("| cnn | step |"))
    assert row.startswith("| cnn | step | 100 ms | 200 ms | +100.0% |")
    assert row.endswith("| slower |")
    assert "| total |  | $0.20–0.60 |" in page


def test_against_a_commit_that_was_never_quoted(report: Report) -> None:
    answer, page = report("c0ffee0")
    assert answer.code == 0, answer.err
    assert "Against the base: 1 slower." in page
    assert (
        "Total cost at the base: unknown, for no quote of the same jobs rests on its runs." in page
    )


def test_against_a_folder_of_records(report: Report, folder: Path) -> None:
    base = Store(folder / "base")
    base.add(run_of(0, 0.2))
    base.add(build_quote(build_estimate(usd=usd("0.2", "0.3", "0.6")), run_id=NAMES[0],
                         quote_id="q-cnn-0"))  # fmt: skip
    answer, page = report("base")
    assert answer.code == 0, answer.err
    assert "Against the base: 1 ambiguous." in page  # one run on each side can't say `same`
    assert "at the base $0.20–0.60 (+0.0% in the middle)" in page


def test_a_base_of_another_machine_is_not_compared(report: Report, folder: Path) -> None:
    Store(folder / "base").add(run_of(0, 0.1, device_name="Another CPU"))
    answer, page = report("base")
    assert answer.code == 0
    told = f"{NAMES[0]} and {NAMES[2]} are of different machines: device_name is 'Another CPU'"
    assert told in answer.err
    assert told in page
    assert "slower" not in page
    assert "| total |  | $0.20–0.60 |" in page  # the rest of the report is as it would be


@pytest.mark.parametrize(
    ("base", "told"),
    [
        ("missing/folder", "'missing/folder' means no run."),
        ("latest~9", "there are only 3 runs."),
        ("deadbeef", "'deadbeef' means no run."),
        ("", "'' means no run."),
    ],
)
def test_a_base_that_is_not_there(report: Report, base: str, told: str) -> None:
    answer, page = report(base)
    assert (answer.code, answer.out, page) == (2, "", "")
    assert told in answer.err
    assert answer.err.count("\n") == 1


def test_an_empty_store_and_another_format(tmp_path: Path, folder: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    answer = run_in(empty, "report", "--format", "md", "--base", "latest~1")
    assert answer.code == 3
    assert answer.err.startswith("trainfare: trainfare-results holds no measurement.")
    wrong = run_in(folder, "report", "--base", "latest~1")
    assert wrong.code == 2
    assert wrong.err == "trainfare: --base is for Markdown, not for html. Add: --format md\n"
