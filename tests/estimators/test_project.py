"""An epoch from here to there: by hand, by its properties, and where there is no answer."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from estimators import notes
from estimators.assumptions import CPU_FACTOR
from estimators.basis import basis
from estimators.hardware import accelerator, accelerators
from estimators.past import past_runs
from estimators.project import Projection, project_epoch, project_from
from estimators.step import StepTask, project_step
from results.errors import NoAnswerError
from results.records import Offer, Run, SweepPoint
from results.scaling import Scaling
from results.statistics import Interval

MakeRun = Callable[..., Run]
MakeOffer = Callable[..., Offer]
CPU = {"accelerator": None, "vcpus": 2}
GPUS = sorted(n for n, a in accelerators().items() if a.projectable)


def t4_to(target: str, seconds: float = 0.1, precision: Any = "tf32") -> Interval:
    task = StepTask(
        mode="train",
        precision=precision,
        source=accelerator("T4"),
        target=accelerator(target),
        seconds=seconds,
    )
    return project_step(task).seconds


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


@pytest.mark.parametrize("precision", ["fp32", "tf32", "half"])
def test_an_epoch_is_as_many_projected_steps(
    make_run: MakeRun, make_offer: MakeOffer, precision: str
) -> None:
    run = make_run(device="Tesla T4", step=0.1, precision=precision)
    found, step = project_epoch(run, make_offer("V100"), 6400), t4_to("V100", 0.1, precision)
    assert found.grade == "projected"
    assert found.epoch_seconds.low == pytest.approx(100 * step.low)
    assert found.epoch_seconds.mid == pytest.approx(100 * step.mid)
    assert found.epoch_seconds.high == pytest.approx(100 * step.high)
    assert found.assumptions[0].startswith("T4 to V100: ×0.")


def test_loading_does_not_get_faster_with_the_gpu(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run, step = make_run(device="Tesla T4", step=0.1, load=0.06), t4_to("V100", 0.04)
    found = project_epoch(run, make_offer("V100"), 6400).epoch_seconds
    assert found.mid == pytest.approx(100 * step.mid + 6)
    assert found.high == pytest.approx(100 * step.high + 6 * CPU_FACTOR)
    few = project_epoch(run, make_offer("V100", vcpus=1), 6400).epoch_seconds
    assert few.mid == pytest.approx(100 * step.mid + 12)  # two threads on one processor


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


def test_launches_of_a_short_step_are_named(make_run: MakeRun, make_offer: MakeOffer) -> None:
    found = project_epoch(make_run(device="Tesla T4", step=0.005), make_offer("H100"), 6400)
    host = 0.005 * 0.008 / 0.013
    assert notes.launch_bound(host) in found.assumptions
    assert found.epoch_seconds.mid > 100 * host * 1590 / 1980  # by the clock


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
        ({"device": "Voodoo 2"}, {}, "'Voodoo 2' is no device of the hardware table"),
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


T4_RUN, A10G_RUN, CPU_RUN = {"device": "Tesla T4"}, {"device": "NVIDIA A10G"}, {"device": None}


@pytest.mark.parametrize(
    ("run", "precision", "target", "reason"),
    [
        (A10G_RUN, "bf16", "T4", "trains in bf16, which T4 has no arithmetic for"),
        (CPU_RUN, "bf16", "V100", "trains in bf16, which V100 has no arithmetic for"),
        (CPU_RUN, "half", "K80", "trains in half, which K80 has no arithmetic for"),
        (A10G_RUN, "fp16", "M60", "trains in fp16, which M60 has no arithmetic for"),
        (T4_RUN, "bf16", "A10G", "measured in bf16 on T4, .* says nothing of other GPUs"),
        (T4_RUN, "bf16", "T4", None),  # emulated, but measured so
        (A10G_RUN, "bf16", "L4", None),
        (A10G_RUN, "fp16", "T4", None),
        (A10G_RUN, "half", "T4", None),
        (A10G_RUN, "tf32", "V100", None),  # falls back to fp32, and is projected so
    ],
)
def test_a_precision_that_the_gpu_lacks(
    make_run: MakeRun, make_offer: MakeOffer, run: dict[str, str], precision: str, target: str,
    reason: str | None,
) -> None:  # fmt: skip
    given, offer = make_run(precision=precision, **run), make_offer(target)
    if reason is None:
        assert project_epoch(given, offer, 6400).epoch_seconds.mid > 0
        return
    with pytest.raises(NoAnswerError, match=reason):
        project_epoch(given, offer, 6400)


@pytest.mark.parametrize("precision", ["fp16", "bf16"])
def test_both_forms_of_16_bits_have_the_same_peak(
    make_run: MakeRun, make_offer: MakeOffer, precision: str
) -> None:
    found, half = (
        project_epoch(make_run(device="NVIDIA A10G", precision=p), make_offer("L4"), 6400)
        for p in (precision, "half")
    )
    assert found.epoch_seconds == half.epoch_seconds


def test_a_process_size_says_nothing_of_gpu_memory(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(peak_memory_bytes=20 * 2**30)
    assert project_epoch(run, make_offer("T4"), 6400).epoch_seconds.mid > 0


@given(
    one=st.sampled_from(GPUS),
    step=st.floats(1e-4, 10),
    share=st.floats(0, 1),
    precision=st.sampled_from(["fp32", "tf32", "half", "fp16", "bf16"]),
)
def test_every_gpu_has_an_ordered_interval(
    make_run: MakeRun, make_offer: MakeOffer, one: str, step: float, share: float, precision: str
) -> None:
    assume(not accelerator(one).lacks(precision))  # type: ignore[arg-type]
    run = make_run(device="NVIDIA L4", step=step, load=step * share, precision=precision)
    found = project_epoch(run, make_offer(one, accelerator_memory_gib=None), 6400).epoch_seconds
    assert 0 < found.low <= found.mid <= found.high


@given(samples=st.integers(1, 10**8), more=st.integers(0, 10**6), count=st.integers(1, 16))
def test_more_samples_never_take_less_time(
    make_run: MakeRun, make_offer: MakeOffer, samples: int, more: int, count: int
) -> None:
    run, offer = make_run(device="Tesla T4"), make_offer("L4", count)
    here, there = (project_epoch(run, offer, n).epoch_seconds for n in (samples, samples + more))
    assert here.low <= there.low and here.mid <= there.mid and here.high <= there.high


def of_another_job(run: Run, run_id: str, name: str = "other") -> Run:
    return replace(run, run_id=run_id, workload=replace(run.workload, name=name))


def test_a_run_of_the_job_on_the_offers_gpu_is_the_basis(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    here = make_run(step=0.5)
    there = replace(make_run(device="NVIDIA A10G", step=0.02), run_id="b")
    base = basis(here, past_runs([here, there]))
    found = project_from(base, make_offer("A10G"), 6400)
    assert found.grade == "measured"
    assert found.epoch_seconds.mid == pytest.approx(2.0)
    near = project_from(base, make_offer("L4"), 6400)
    assert near.assumptions[0].startswith("A10G to L4")  # rather than from the CPU
    assert project_from(base, make_offer(**CPU), 6400).epoch_seconds.mid == pytest.approx(50.0)


def test_another_job_on_both_gpus_calibrates(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=0.1)
    other = [
        of_another_job(make_run(device="Tesla T4", step=0.2), "a"),
        of_another_job(make_run(device="NVIDIA A10G", step=0.2), "b"),
    ]

    def on_a10g(*past: Run) -> Projection:
        return project_from(basis(run, past_runs(past)), make_offer("A10G"), 6400)

    before, after = on_a10g(run), on_a10g(run, *other)
    assert (before.grade, after.grade) == ("projected", "calibrated")
    assert before.epoch_seconds.mid < after.epoch_seconds.mid < 10
    narrow, wide = (f.epoch_seconds.high / f.epoch_seconds.low for f in (after, before))
    assert narrow < wide
    assert "one own model ran on both T4 and A10G" in after.assumptions[1]


def test_runs_that_say_nothing_change_nothing(make_run: MakeRun, make_offer: MakeOffer) -> None:
    run = make_run(device="Tesla T4", step=0.1)
    empty = replace(run, run_id="c", measurements=())
    unknown = replace(make_run(device="Voodoo 2"), run_id="d")
    partial = replace(make_run(device="NVIDIA A10G", step=0.5), run_id="e", partial=True)
    found = project_from(
        basis(run, past_runs([run, empty, unknown, partial])), make_offer("A10G"), 6400
    )
    assert found == project_epoch(run, make_offer("A10G"), 6400)


def test_measured_scaling_comes_before_the_public_one(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(device="Tesla T4", step=0.1)
    four = replace(make_run(device="Tesla T4", step=0.2), run_id="b", processes=4)
    base = basis(run, past_runs([run, four]))
    same = project_from(base, make_offer("T4", 4), 6400)
    assert same.grade == "measured"
    assert same.epoch_seconds.mid == pytest.approx(25 * 0.2)
    other = project_from(base, make_offer("V100", 4), 6400)
    alone = project_from(base, make_offer("V100"), 6400)
    assert other.epoch_seconds.mid == pytest.approx(alone.epoch_seconds.mid / 4 * 2)
    assert notes.own_scaling(4) in other.assumptions
    assert notes.IN_ONE_MACHINE in project_from(base, make_offer("T4", 8), 6400).assumptions
    assert project_epoch(four, make_offer("T4"), 6400).grade == "projected"


def test_batch_sweeps_of_own_runs_tell_the_fixed_part(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    runs = [
        replace(make_run(device="Tesla T4", step=0.004 + b / 10_000, batch=b), run_id=str(b))
        for b in (32, 64, 128)
    ]
    assert past_runs(runs).fixed_seconds(runs[0]) == pytest.approx(0.004)
    base = basis(runs[0], past_runs(runs))
    found = project_from(base, make_offer("V100"), 6400)
    assert notes.launch_bound(0.004) in found.assumptions
    points = (SweepPoint(batch_size=b, step_seconds=(0.004 + b / 10_000,)) for b in (64, 128))
    swept = replace(runs[0], sweep=tuple(points))
    assert past_runs([swept]).fixed_seconds(swept) == pytest.approx(0.004)


def test_own_runs_with_other_thread_counts_tell_how_it_scales(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    one, two = (
        replace(make_run(step=step, threads=threads), run_id=str(threads))
        for threads, step in ((1, 0.16), (2, 0.1))
    )
    alone = project_epoch(two, make_offer(None, vcpus=8), 6400)
    known = project_from(basis(two, past_runs([two, one])), make_offer(None, vcpus=8), 6400)
    assert alone.epoch_seconds.mid == pytest.approx(10.0)
    assert known.epoch_seconds.mid == pytest.approx(10.0 * (0.1 / 0.16) ** 2)  # twice doubled
    assert notes.thread_scaling(0.678) in known.assumptions


def test_the_processor_of_a_family_is_named(make_run: MakeRun, make_offer: MakeOffer) -> None:
    offer = make_offer(None, vcpus=4, instance_type="ml.m5.xlarge")
    found = project_epoch(make_run(threads=4), offer, 6400)
    assert any("4 vCPUs: 2 cores of Xeon" in text for text in found.assumptions)
    assert found.epoch_seconds.high == pytest.approx(10.0 * 2 * CPU_FACTOR)


def test_another_job_on_cpu_and_gpu_calibrates_a_cpu_run(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(step=0.1)
    other = [
        of_another_job(make_run(step=0.3), "a"),
        of_another_job(make_run(device="NVIDIA A10G", step=0.01), "b"),
    ]
    before = project_epoch(run, make_offer("A10G"), 6400)
    after = project_from(basis(run, past_runs([run, *other])), make_offer("A10G"), 6400)
    assert (before.grade, after.grade) == ("projected", "calibrated")
    assert after.epoch_seconds.mid == pytest.approx(10 / ((107 * 0.4) ** 0.5 * 30) ** 0.5)
    narrow, wide = (f.epoch_seconds.high / f.epoch_seconds.low for f in (after, before))
    assert narrow == pytest.approx(wide ** (0.5**0.5))
    slower = project_from(basis(run, past_runs([run, *other])), make_offer("T4"), 6400)
    assert slower.epoch_seconds.mid > after.epoch_seconds.mid
    assert notes.own_speedups(1) in slower.assumptions


def test_scaling_measured_in_one_run_comes_before_public_figures(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    offer = make_offer(accelerator="A10G", count=4.0)
    run = make_run(device="NVIDIA A10G")
    scaling = Scaling(
        processes=4, backend="nccl", threads=1, batch_size=64, steps_per_block=1,
        single_block_seconds=(0.1,) * 9, parallel_block_seconds=(0.16,) * 9, disturbed=(False,) * 9,
    )  # fmt: skip
    public = project_epoch(run, offer, 25600)
    own = project_epoch(replace(run, scaling=scaling), offer, 25600)
    single = project_epoch(run, make_offer(accelerator="A10G", count=1.0), 25600)
    assert own.epoch_seconds.mid == pytest.approx(single.epoch_seconds.mid / 4 * 1.6)
    assert public.epoch_seconds.mid < own.epoch_seconds.mid
    assert notes.own_scaling(4) in own.assumptions


def test_how_processors_share_work_says_nothing_of_gpus(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    scaling = Scaling(
        processes=2, backend="gloo", threads=1, batch_size=64, steps_per_block=1,
        single_block_seconds=(0.1,) * 9, parallel_block_seconds=(0.16,) * 9, disturbed=(False,) * 9,
    )  # fmt: skip
    run = replace(make_run(step=0.1), scaling=scaling)
    assert notes.IN_ONE_MACHINE in project_epoch(run, make_offer("T4", 2), 6400).assumptions


def on_instance(run: Run, instance_type: str, run_id: str, vcpus: int = 4) -> Run:
    machine = replace(
        run.machine, cpu_name="Xeon", cpu_count=vcpus, threads=vcpus, instance_type=instance_type
    )
    return replace(run, run_id=run_id, machine=machine)


def test_another_job_on_a_cpu_instance_calibrates_it(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(step=0.1, threads=4)
    offer = make_offer(None, vcpus=4, instance_type="ml.m5.xlarge")
    other = of_another_job(make_run(step=0.3, threads=4), "a")
    slow = on_instance(of_another_job(make_run(step=0.6), "b"), "ml.m5.xlarge", "b")
    before = project_epoch(run, offer, 6400)
    after = project_from(basis(run, past_runs([run, other, slow])), offer, 6400)
    assert (before.grade, after.grade) == ("projected", "calibrated")
    # Twice as slow as here by one run, as fast as here by the rule.
    assert after.epoch_seconds.mid == pytest.approx(before.epoch_seconds.mid * 2**0.5)
    wide, narrow = (f.epoch_seconds.high / f.epoch_seconds.low for f in (before, after))
    assert narrow == pytest.approx(wide ** (1 / 2**0.5))
    assert notes.own_slowdowns(1, "ml.m5.xlarge") in after.assumptions


def test_a_smaller_instance_of_the_family_tells_of_its_processor(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(step=0.1, threads=4)
    there = on_instance(make_run(step=0.4), "ml.m5.large", "b", vcpus=2)  # as 4 threads take 0.2
    base = basis(run, past_runs([run, there]))
    twice = project_from(base, make_offer(None, vcpus=4, instance_type="ml.m5.xlarge"), 6400)
    assert twice.grade == "calibrated"
    assert twice.epoch_seconds.mid == pytest.approx(10 * 2**0.5)
    another = project_from(base, make_offer(None, vcpus=4, instance_type="ml.c5.xlarge"), 6400)
    assert another == project_epoch(
        run, make_offer(None, vcpus=4, instance_type="ml.c5.xlarge"), 6400
    )
    burst = basis(run, past_runs([run, on_instance(make_run(step=0.4), "ml.t3.medium", "b")]))
    m5, t3 = (make_offer(None, vcpus=4, instance_type=t) for t in ("ml.m5.xlarge", "ml.t3.medium"))
    assert project_from(burst, m5, 6400).grade == "projected"
    assert project_from(burst, t3, 6400).grade == "measured"
    elsewhere = make_offer(None, vcpus=4, instance_type="n2-standard-4", provider="gcp")
    assert project_from(base, elsewhere, 6400).grade == "projected"


def test_the_job_measured_on_the_very_instance_type_needs_no_rule(
    make_run: MakeRun, make_offer: MakeOffer
) -> None:
    run = make_run(step=0.1, threads=4)
    there = on_instance(make_run(step=0.25), "ml.m5.xlarge", "b")
    base = basis(run, past_runs([run, there]))
    found = project_from(base, make_offer(None, vcpus=4, instance_type="ml.m5.xlarge"), 6400)
    assert found.grade == "measured"
    assert found.epoch_seconds.mid == pytest.approx(25)
