"""The command inside a job: its words, and what is refused because it could not travel."""

import shlex
from typing import Any

import pytest

from cloud.command import entry_command, expected_gpus, unpack_command
from results.errors import UsageError


def test_the_words_of_a_job(make_job: Any, make_offer: Any) -> None:
    job = make_job(reference="workload/model.py:make", options=(("image_size", "32"),), nodes=2)
    assert entry_command(job, make_offer(), "/out") == shlex.split(
        "python3 -m cloud.entry --service sagemaker --workload workload/model.py:make --out /out "
        "--nodes 2 --epochs 3 --samples-per-epoch 60000 --batch-size 64 --gpus 1 "
        "--option image_size=32"
    )


@pytest.mark.parametrize(
    ("accelerator", "count", "gpus"), [(None, 0.0, 0), ("A10", 0.167, 1), ("A10", 2.0, 2)]
)
def test_a_slice_of_a_gpu_counts_as_one(
    make_offer: Any, accelerator: str | None, count: float, gpus: int
) -> None:
    assert expected_gpus(make_offer(accelerator=accelerator, accelerator_count=count)) == gpus


def test_trainium_is_refused(make_offer: Any) -> None:
    with pytest.raises(UsageError, match="Trainium"):
        expected_gpus(make_offer(accelerator="Trainium", instance_type="ml.trn1.2xlarge"))


@pytest.mark.parametrize("given", [{"epochs": 0}, {"nodes": 0}, {"batch_size": -1}])
def test_counts_below_one_are_refused(make_job: Any, make_offer: Any, given: Any) -> None:
    with pytest.raises(UsageError, match="Give 1 or more"):
        entry_command(make_job(**given), make_offer(), "/out")


@pytest.mark.parametrize(
    "options",
    [
        (("--out", "/etc"),),
        (("image_size", "3\n2"),),
        (("image_size", "3" * 300),),
        tuple((f"option_{i}", "1") for i in range(60)),
    ],
)
def test_options_that_cannot_travel_are_refused(
    make_job: Any, make_offer: Any, options: Any
) -> None:
    with pytest.raises(UsageError):
        entry_command(make_job(options=options), make_offer(), "/out")


def test_unpacking_keeps_the_command_out_of_the_shell() -> None:
    shell, flag, script, archive = unpack_command("/a b/source.tar.gz")
    assert (shell, flag, archive) == ("bash", "-c", "/a b/source.tar.gz")
    assert '"$0"' in script and script.endswith('"$@"')
    assert len(script) <= 256
