"""The job that runs inside the clouds, as one process and as two that train together."""

import os

import pytest
from fakes import cli

from bench import job, parallel
from results.records import Run
from results.store import Store

ARGUMENTS = [
    "--workload", "rnn", "--epochs", "2", "--samples-per-epoch", "640", "--batch-size", "32",
]  # fmt: skip


def only_run(folder) -> Run:
    (run,) = Store(folder).newest_first(Run)
    return run


def test_one_process_trains_the_epochs_and_keeps_the_record(tmp_path, capsys):
    assert job.main([*ARGUMENTS, "--out", str(tmp_path)]) == 0
    run = only_run(tmp_path)
    assert run.epochs_trained == len(run.measurement("epoch").block_seconds) == 2
    assert run.measurement("epoch").samples_per_repeat == 640
    assert run.processes == 1
    assert "epoch 2 of 2" in capsys.readouterr().out


@pytest.mark.slow
def test_two_processes_share_every_epoch(tmp_path):
    launch = ("--standalone", "--nproc-per-node", "2", *parallel.STARTED["cpu"][:-1])
    words = (*launch, job.__file__, *ARGUMENTS, "--out", str(tmp_path))
    torchrun = cli.Command(words, tmp_path, {**os.environ}, module="torch.distributed.run")
    _, err = torchrun.communicate(120)
    assert torchrun.returncode == 0, err[-2000:]
    run = only_run(tmp_path)  # one record, of the first process
    assert run.processes == 2
    assert run.epochs_trained == 2


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--workload", "rnnn"], "'rnnn' is no workload"),
        (["--option", "image_size=0"], "'0' is no image size"),
        (["--batch-size", "641"], "a batch of 641 is larger than an epoch of 640"),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path, capsys, change, says):
    assert job.main([*ARGUMENTS, *change, "--out", str(tmp_path)]) == 2
    assert says in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
