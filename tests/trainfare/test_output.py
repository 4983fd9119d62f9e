"""What a person is told while it lasts, and how wide lines are in a terminal."""

from collections.abc import Callable

import pytest

from tests.trainfare.conftest import Answer
from trainfare import output


def test_progress_in_a_pipe_tells_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: clock[0])
    with output.progress("cnn") as show:
        clock[0] = 100.0  # what was loaded before is no measure of what is left
        for clock[0], text, share in (
            (100.0, "timing steps", 0.0),
            (105.0, "timing steps", 0.1),  # told five seconds ago
            (110.0, "timing steps", 0.2),
            (111.0, "epoch 1", 0.5),
        ):
            show(text, share)
    assert capsys.readouterr().err.splitlines() == [
        "cnn: timing steps …",
        "cnn: timing steps, about 40.0 s left …",
        "cnn: epoch 1, about 11.0 s left …",
    ]


def test_what_was_done_before_is_no_measure_of_what_is_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(output.time, "monotonic", lambda: clock[0])
    with output.progress("cnn") as show:
        show("epoch 5", 0.5)
        clock[0] = 10.0
        show("epoch 6", 0.6)
    assert capsys.readouterr().err.splitlines()[1] == "cnn: epoch 6, about 40.0 s left …"


@pytest.mark.parametrize(("columns", "widest"), [("80", 80), ("200", 100), ("10", 40)])
def test_lines_fit_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str, widest: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    output.print_line("word " * 60)
    lines = capsys.readouterr().out.splitlines()
    assert widest - 6 < max(map(len, lines)) <= widest


def test_no_drawings_in_a_pipe() -> None:
    assert not output.draws_bars()


def test_what_a_terminal_lacks_is_written_plainly(cli: Callable[..., Answer]) -> None:
    for words in (("quote", "mlp", "--explain"), ("prices", "list", "--gpu", "T4"), ("doctor",)):
        answer = cli(*words, LC_ALL="C", PYTHONIOENCODING="ascii")
        assert answer.code == 0, answer.err
        assert (answer.out + answer.err).isascii()
        assert "?" not in answer.out
    assert "1xT4" in cli("prices", "list", "--gpu", "T4", PYTHONIOENCODING="ascii").out
    wrong = cli("quote", "größe", LC_ALL="C", PYTHONIOENCODING="ascii")
    assert wrong.code == 2
    assert "Traceback" not in wrong.err
