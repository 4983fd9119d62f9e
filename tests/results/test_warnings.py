"""What makes the figures of a run worth less than they look."""

from collections.abc import Callable

from results.records import Measurement, Run
from results.warnings import warning_lines

MakeRun = Callable[..., Run]
SHARED = {
    "block_seconds": ((1.0,) * 5 + (1.5,) * 15) * 4,
    "disturbed": (False,) * 80,
    "slowed": ((False,) * 5 + (True,) * 15) * 4,
    "bursts": (5,) * 16,
}


def test_warnings(make_run: MakeRun, make_measurement: Callable[..., Measurement]) -> None:
    assert warning_lines(make_run()) == []
    noisy = make_measurement("load", disturbed=(False,) * 3 + (True,) * 6)
    run = make_run(
        data_note="synthetic, not MNIST", warnings=("few blocks",), measurements=(noisy,)
    )
    assert warning_lines(run) == [
        "! the data is synthetic, not MNIST",
        "! few blocks",
        "! contended: other work on this machine disturbed load (6 of 9 blocks, 0% of the time). "
        "Stop it and measure again; or measure with --threads 1, which other work disturbs far "
        "less.",
    ]


def test_bursts_that_are_apart_are_told(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    step = make_measurement(
        "step",
        block_seconds=((1.0,) * 5 + (1.3,) * 5) * 4,
        disturbed=(False,) * 40,
        bursts=(5,) * 8,
        others_processors=2.0,
    )
    (line,) = warning_lines(make_run(measurements=(step,)))
    assert "step (0 of 40 blocks, 0% of the time, bursts ±12% apart)" in line


def test_busy_neighbours_are_told(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    for others, told in ((None, False), (0.1, False), (1.94, True)):
        step = make_measurement("step", others_processors=others)
        lines = warning_lines(make_run(measurements=(step,)))
        assert [line.startswith("! other programs kept 1.9 of 4") for line in lines] == [
            True
        ] * told


def test_a_core_that_was_slow_at_times_is_told(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    step = make_measurement("step", **SHARED)
    assert warning_lines(make_run(measurements=(step,))) == [
        "! the core itself was slow in 75% of the blocks, which took 50% longer, as another tenant "
        "of the host, heat or a power limit make it. The step is that of the other blocks; an "
        "epoch here meets both."
    ]


def test_a_core_that_was_slow_nearly_always_is_why_no_step_is_told(
    make_run: MakeRun, make_measurement: Callable[..., Measurement]
) -> None:
    step = make_measurement("step", **SHARED | {"slowed": (False,) * 5 + (True,) * 75})
    (line,) = warning_lines(make_run(measurements=(step,)))
    assert line.startswith("! contended: the core itself was slow in 94% of the blocks, which")
    assert line.endswith("measure again in a calmer hour.")
    (_, other) = warning_lines(
        make_run(measurements=(step, make_measurement("load", disturbed=(True,) * 9)))
    )
    assert other.startswith("! contended: other work on this machine disturbed load (9 of 9")
