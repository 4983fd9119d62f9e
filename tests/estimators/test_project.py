"""An epoch from here to there: by hand, by its properties, and where there is no answer."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estimators import notes
from estimators.assumptions import CPU_FACTOR, GPU_RULE_FACTOR
from estimators.hardware import accelerators
from estimators.project import project_epoch
from results.errors import NoAnswerError
from results.records import Offer, Run

MakeRun = Callable[..., Run]
MakeOffer = Callable[..., Offer]
CPU = {"accelerator": None, "vcpus": 2}
GPUS = sorted(n for n, a in accelerators().items() if a.projectable)


def test_the_same_gpu_keeps_its_time(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(device="Tesla T4", step=0.1), make_offer("T4"), 6400)
    assert found.grade == "measured"
    assert found.epoch_seconds.mid == pytest.approx(10.0)
    assert found.epoch_seconds.low == pytest.approx(9.0)
    assert found.epoch_seconds.high == pytest.approx(11.0)
    assert found.assumptions == (notes.SAME_GPU,)


def test_the_same_chip_by_another_name(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla V100-SXM2-16GB")
    assert project_epoch(run, make_offer("V100-32GB"), 6400).grade == "measured"
    assert project_epoch(run, make_offer("A100"), 6400).grade == "projected"


def test_t4_to_v100_by_hand(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(device="Tesla T4", step=0.1), make_offer("V100"), 6400)
    expected = 10.0 / ((15.7 / 8.14) * (900 / 320)) ** 0.5
    assert found.grade == "projected"
    assert found.epoch_seconds.mid == pytest.approx(expected)
    assert found.epoch_seconds.low == pytest.approx(expected / GPU_RULE_FACTOR)
    assert found.epoch_seconds.high == pytest.approx(expected * GPU_RULE_FACTOR)


def test_the_class_of_precision_counts(make_run: MakeRun, make_offer: MakeOffer) -> None:
    def ratio(precision: str) -> float:
        run = make_run(device="Tesla T4", precision=precision)
        return project_epoch(run, make_offer("A100"), 6400).epoch_seconds.mid / 10

    assert ratio("fp32") == pytest.approx(((19.5 / 8.14) * (1555 / 320)) ** -0.5)
    assert ratio("half") == pytest.approx(((312 / 65.1) * (1555 / 320)) ** -0.5)
    assert ratio("tf32") == pytest.approx(((156 / 8.14) * (1555 / 320)) ** -0.5)


def test_loading_does_not_get_faster_with_the_gpu(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=0.1, load=0.06)
    found = project_epoch(run, make_offer("V100"), 6400).epoch_seconds
    ratio = ((15.7 / 8.14) * (900 / 320)) ** -0.5
    assert found.mid == pytest.approx(4 * ratio + 6)
    assert found.high == pytest.approx(4 * ratio * GPU_RULE_FACTOR + 6 * CPU_FACTOR)
    few = project_epoch(run, make_offer("V100", vcpus=1), 6400).epoch_seconds
    assert few.mid == pytest.approx(4 * ratio + 12)  # two threads on one processor


def test_an_unknown_share_of_loading_widens(make_run: MakeRun, make_offer: MakeOffer) -> None:
    known, unknown = (make_run(device="Tesla T4", load=load) for load in (0.0, None))
    for gpu in ("T4", "V100", "K80"):
        a = project_epoch(known, make_offer(gpu), 6400).epoch_seconds
        b = project_epoch(unknown, make_offer(gpu), 6400)
        assert b.epoch_seconds.mid == a.mid
        assert b.epoch_seconds.low <= a.low and b.epoch_seconds.high >= a.high
        assert b.epoch_seconds != a
        assert notes.LOADING_UNKNOWN in b.assumptions


def test_loading_on_few_processors_may_be_slower_than_any_gpu_gains(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(step=0.1, load=None, threads=16)
    found = project_epoch(run, make_offer("T4", vcpus=4), 6400)
    assert found.epoch_seconds.high == pytest.approx(10 * 4 * CPU_FACTOR)
    assert notes.LOADING_UNKNOWN in found.assumptions


def test_a_launch_bound_step_may_stay_as_it_is(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=0.005)
    found = project_epoch(run, make_offer("H100"), 6400)
    assert found.epoch_seconds.high == pytest.approx(0.5)
    assert notes.LAUNCH_BOUND in found.assumptions


def test_a_slice_of_a_gpu_is_that_much_slower(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4")
    whole = project_epoch(run, make_offer("A10", 1), 6400).epoch_seconds.mid
    part = project_epoch(run, make_offer("A10", 0.5), 6400).epoch_seconds.mid
    assert part == pytest.approx(2 * whole)
    same = project_epoch(make_run(device="NVIDIA A10"), make_offer("A10", 0.5), 6400)
    assert same.grade == "projected"
    assert same.epoch_seconds.mid == pytest.approx(20.0)


def test_cpu_to_cpu(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(step=0.1, threads=2)
    same = project_epoch(run, make_offer(**CPU), 6400)
    assert same.grade == "projected"
    assert same.epoch_seconds.mid == pytest.approx(10.0)
    assert same.assumptions == (notes.CPU_RULE,)
    half = project_epoch(run, make_offer(None, vcpus=1, instance_type="ml.t3.medium"), 6400)
    assert half.epoch_seconds.mid == pytest.approx(20.0)
    assert notes.BURSTABLE in half.assumptions


def test_cpu_to_gpu(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(step=0.1), make_offer("T4"), 6400)
    assert found.epoch_seconds.low == pytest.approx(10 / 107)
    assert found.epoch_seconds.mid == pytest.approx(10 / (107 * 0.4) ** 0.5)
    assert found.epoch_seconds.high == pytest.approx(25.0)
    assert notes.CPU_TO_GPU in found.assumptions
    assert "measure on a GPU" in notes.CPU_TO_GPU


def test_eight_gpus_share_the_steps(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(device="Tesla T4"), make_offer("T4", 8), 6400)
    assert found.epoch_seconds.mid == pytest.approx(13 * 0.1 / 0.93)  # ceil(100 / 8) steps
    assert found.epoch_seconds.high == pytest.approx(13 * 0.1 * 1.1 / 0.58)
    assert found.grade == "projected"
    assert notes.IN_ONE_MACHINE in found.assumptions
    assert notes.BEYOND not in found.assumptions


def test_nodes_share_the_steps(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(threads=2), make_offer(**CPU), 6400, nodes=2)
    assert found.epoch_seconds.mid == pytest.approx(50 * 0.1 / 0.95)
    assert found.epoch_seconds.high == pytest.approx(50 * 0.1 / 0.4 * CPU_FACTOR)
    assert notes.BEYOND in found.assumptions


def test_a_contended_run_says_so(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(spread=0.3)
    noisy = replace(
        run, measurements=tuple(replace(m, disturbed=(True,) * 9) for m in run.measurements)
    )
    calm, found = (project_epoch(r, make_offer(**CPU), 6400) for r in (run, noisy))
    assert notes.CONTENDED in found.assumptions
    assert notes.CONTENDED not in calm.assumptions
    assert found.epoch_seconds.low < calm.epoch_seconds.low


@pytest.mark.parametrize(
    ("run", "offer", "reason"),
    [
        ({"device": "Tesla T4"}, CPU, "measured on a GPU; a CPU time can't be projected"),
        ({"device": "Tesla T4"}, {"accelerator": "Trainium"}, "Trainium is another kind"),
        ({}, {"accelerator": "Trainium"}, "Trainium is another kind"),
        ({"device": "Voodoo 2"}, {}, "measured on 'Voodoo 2', which is not in the hardware"),
        ({}, {"accelerator": "Voodoo2"}, "Voodoo2 is not in the hardware table"),
        (
            {"device": "NVIDIA L40S", "peak_memory_bytes": 20 * 2**30},
            {"accelerator": "T4"},
            "needs 20.0 GiB of memory, T4 has 16",
        ),
        ({}, CPU | {"instance_type": "ml.m5d.large"}, "rents this type to notebooks"),
        ({"peak_memory_bytes": 40 * 2**30}, CPU, "needs 40.0 GiB of memory, the instance has 32"),
    ],
)
def test_no_answer(
    make_run: MakeRun,
    make_offer: MakeOffer,
    run: dict[str, str],
    offer: dict[str, str],
    reason: str,
) -> None:
    with pytest.raises(NoAnswerError, match=reason):
        project_epoch(make_run(**run), make_offer(**offer), 6400)


def test_a_process_size_says_nothing_of_gpu_memory(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(peak_memory_bytes=20 * 2**30)
    assert project_epoch(run, make_offer("T4"), 6400).epoch_seconds.mid > 0


@given(
    here=st.sampled_from(["Tesla T4", "NVIDIA A100-SXM4-40GB", "NVIDIA L4"]),
    one=st.sampled_from(GPUS),
    other=st.sampled_from(GPUS),
    step=st.floats(1e-4, 10),
    share=st.floats(0, 1),
    precision=st.sampled_from(["fp32", "tf32", "half"]),
)
def test_higher_peak_and_bandwidth_are_never_slower(
    make_run: MakeRun, make_offer: MakeOffer, here: str, one: str, other: str, step: float,
    share: float, precision: str,
) -> None:  # fmt: skip
    run = make_run(device=here, step=step, load=step * share, precision=precision)
    a, b = (accelerators()[name].speed(precision) or 0.0 for name in (one, other))
    slow, fast = (one, other) if a <= b else (other, one)
    times = [
        project_epoch(run, make_offer(g, accelerator_memory_gib=None), 6400).epoch_seconds.mid
        for g in (slow, fast)
    ]
    assert times[1] <= times[0] * (1 + 1e-12)


@given(samples=st.integers(1, 10**8), more=st.integers(0, 10**6), count=st.integers(1, 16))
def test_more_samples_never_take_less_time(
    make_run: MakeRun, make_offer: MakeOffer, samples: int, more: int, count: int
) -> None:
    run, offer = make_run(device="Tesla T4"), make_offer("L4", count)
    here, there = (project_epoch(run, offer, n).epoch_seconds for n in (samples, samples + more))
    assert here.low <= there.low and here.mid <= there.mid and here.high <= there.high
