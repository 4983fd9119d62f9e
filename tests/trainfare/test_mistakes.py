"""A user's mistake is one sentence on stderr, its own exit code, and nothing on stdout."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fakes import cli as cli_process

from bench import nvml

Cli = Callable[..., Any]
PRICES = Path(__file__).parents[2] / "estimators" / "data" / "sagemaker.csv"
AWS = ("--provider", "aws", "--instance", "ml.m5.xlarge", "--region", "us-east-1")


def assert_told(answer: Any, told: str, code: int = 2) -> None:
    assert answer.code == code, answer.err
    assert answer.out == ""
    assert told in " ".join(answer.err.split()), answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("qoute",), "'qoute' is no verb. Near: quote. See: trainfare --help"),
        (("measure",), "Missing argument 'WORKLOAD'. See: trainfare measure --help"),
        (("prices", "list", "--colour"), "No such option '--colour'. See: trainfare prices list "
         "--help"),
    ],
)  # fmt: skip
def test_mistakes_in_options_are_one_sentence_too(cli: Cli, words: Any, told: str) -> None:
    answer = cli(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", f"trainfare: {told}\n")


def test_without_a_verb_the_help_is_shown(cli: Cli) -> None:
    answer = cli()
    assert (answer.code, "quote" in answer.err + answer.out) == (2, True)


@pytest.mark.parametrize(
    ("words", "code"),
    [(("canary", "mlp", "--max-usd", "1"), 3), (("submit", "mlp", *AWS, "--max-usd", "1"), 2)],
)
def test_missing_settings_are_named_before_anything_is_measured(
    cli: Cli, words: Any, code: int
) -> None:
    answer = cli(*words)
    assert_told(answer, "`[aws] role_arn` is missing in trainfare.toml", code)
    assert "warming up" not in answer.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("qoute",), "qoute"),
        (("measure",), "WORKLOAD"),
        (("measure", "ccn"), "cnn"),
        (("measure", "mlp", "--device", "tpu"), "tpu"),
        (("measure", "mlp", "--max-seconds", "0"), "--max-seconds"),
        (("measure", "mlp", "--batch-size", "0"), "--batch-size"),
        (("measure", "mlp", "--image-size", "32"), "--image-size"),
        (("measure", "mlp", "--workers", "2"), "--workers"),
        (("measure", "cnn", "--workers", "-1"), "'-1' is no number of workers"),
        (("measure", "mlp", "--batch-sizes", "8,x"), "'8,x' is no list of batch sizes"),
        (
            ("measure", "rnn", "--batch-sizes", "8,4096", "--max-seconds", "2"),
            "larger than an epoch",
        ),
        (("measure", "mlp", "--precision", "0"), "--precision"),
        (("measure", "mlp", "--precision", "nan"), "--precision': 'nan' is no number"),
        (("measure", "mlp", "--max-seconds", "nan"), "--max-seconds': 'nan' is no number"),
        (("wait", "last", "--every", "nan"), "--every': 'nan' is no number"),
        (("measure", "mlp", "--seed", str(2**64)), "is not in the range 0<=x<="),
        (("measure", "torchvision:resnet5000"), "resnet5000"),
        (("measure", "no/such.py:factory"), "no/such.py"),
        (("measure", "no.such.module:factory"), "no.such"),
        (("measure", "mine.py"), "mine.py"),
        (("quote", "mlp", "--epochs", "0"), "--epochs"),
        (("quote", "mlp", "--epochs", "-1"), "--epochs"),
        (("quote", "mlp", "--epochs", "many"), "many"),
        (("quote", "mlp", "--samples-per-epoch", "0"), "--samples-per-epoch"),
        (("quote", "mlp", "--provider", "ibm"), "ibm"),
        (("quote", "mlp", "--region", "us-est-1"), "us-e"),
        (("quote", "mlp", "--gpu", "Voodoo2"), "Voodoo2"),
        (("quote", "mlp", "--allocation", "reserved"), "reserved"),
        (("quote", "mlp", "--prices", "none.csv"), "none.csv"),
        (("prices", "list", "--instance", "ml.g99.xlarge"), "ml.g99.xlarge"),
        (("prices", "list", "--max-usd-per-hour", "nan"), "nan"),
        (("report", "--format", "pdf"), "pdf"),
        (("report", "--out", "costs.pdf"), "'costs.pdf' ends as no format does"),
        (("report", "--out", "."), "--out '.' is a folder. Name a file, such as report.html"),
        (("report", "--base", "latest~1"), "--format md"),
        (("report", "--format", "md", "--base", "latest~1"), "latest~1"),
        (("submit", "mlp", *AWS, "--dry-run"), "--max-usd"),
        (("submit", "mlp", *AWS, "--max-usd", "0", "--dry-run"), "--max-usd"),
        (
            ("submit", "mlp", *AWS, "--max-usd", "1e99"),
            "'1e99' is no amount for --max-usd. Give USD above 0, at most 1,000,000,000, as 1.50.",
        ),
        (("quote", "mlp", "--budget", "1e99"), "'1e99' is no amount for --budget"),
        (("quote", "mlp", "--budget", "1e-999999"), "'1e-999999' is no amount for --budget"),
        (
            ("quote", "mlp", "--currency", "EUR", "--rate", "0"),
            "'0' is no rate for --rate. Give "
            "what one USD is in --currency, above 0, at most 1,000,000,000, as 0.92.",
        ),
        (
            ("quote", "mlp", "--min-memory", "nan"),
            "'nan' is no number for --min-memory. Give one such as 16.",
        ),
        (
            ("canary", "mlp", "--max-usd", "0.02"),
            "--max-usd 0.02 is less than a cent for each of "
            "3 trials. Give 0.03 at least, or try fewer with --top.",
        ),
        (("submit", "mlp", *AWS, "--max-usd", "5"), "role_arn"),
        (("submit", "mlp", "--max-usd", "5"), "--offer N"),
        (("submit", "mlp", "--offer", "1", "--max-usd", "5"), "trainfare quote mlp"),
        (("submit", "mlp", *AWS, "--offer", "1", "--max-usd", "5"), "not both"),
        (("submit", "cnn", *AWS, "--data-root", ".", "--max-usd", "5"), "a folder of this machine"),
        (("submit", "mlp", *AWS, "--nodes", "0", "--max-usd", "5", "--dry-run"), "--nodes"),
        (("submit", "mlp", *AWS, "--max-usd", "5", "--dry-run"), "role_arn"),
    ],
)
def test_one_sentence(cli: Cli, words: tuple[str, ...], told: str) -> None:
    assert_told(cli(*words), told)


@pytest.mark.skipif(nvml.gpu_count() > 0, reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "cuda:1"])
def test_a_gpu_that_is_not_there(cli: Cli, device: str) -> None:
    assert_told(cli("measure", "mlp", "--device", device), "GPU")


@pytest.mark.parametrize(
    ("instance", "region", "told", "code"),
    [
        ("ml.m5.xlargee", "us-east-1", "ml.m5.xlarge", 2),
        # It might be a region that is not in the price list: no answer, with those that are.
        ("ml.m5.xlarge", "us-est-1", "us-east-1", 3),
    ],
)
def test_an_unknown_offer(
    cli: Cli, configured: Path, instance: str, region: str, told: str, code: int
) -> None:
    words = ("--provider", "aws", "--instance", instance, "--region", region)
    assert_told(cli("submit", "mlp", *words, "--max-usd", "5", "--dry-run"), told, code)


def test_nothing_is_said_of_services_that_were_not_asked(cli: Cli) -> None:
    answer = cli("jobs", "--reconcile")
    assert answer.code == 0, answer.err
    assert answer.out.startswith("No service was asked: no job is in the records")
    assert cli("jobs", "--reconcile", "--json").json["asked"] == []


def test_over_budget(cli: Cli, configured: Path) -> None:
    words = ("submit", "mlp", *AWS, "--epochs", "1000000", "--max-usd", "0.01", "--dry-run")
    assert_told(cli(*words), "--max-usd 0.01", code=4)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--budget-file", "none.toml"), "none.toml cannot be read as a budget (No such file or "
         'directory). Expected one line: max_usd = "100"'),
        (("--requirements", "none.txt"), "--requirements 'none.txt' cannot be read (No such file "
         "or directory). Give a text file with one package a line, such as tqdm>=4.66."),
    ],
)  # fmt: skip
def test_a_file_that_is_not_there(
    cli: Cli, configured: Path, words: tuple[str, ...], told: str
) -> None:
    assert_told(cli("submit", "mlp", *AWS, "--max-usd", "5", "--dry-run", *words), told)


def test_an_amount_is_shown_plainly(cli: Cli) -> None:
    answer = cli("quote", "mlp", "--provider", "aws", "--budget", "1e3")
    assert "90% sure to cost at most $1000:" in " ".join(answer.out.split())


def test_a_share_too_small_for_a_trial_is_told_as_one(cli: Cli, configured: Path) -> None:
    answer = cli("canary", "mlp", "--max-usd", "0.03", "--provider", "aws", "--region", "us-east-1")
    assert_told(answer, "and --max-usd leaves $0.01 to each of 3", code=3)


def test_no_answer(cli: Cli, tmp_path: Path) -> None:
    assert_told(cli("report", "--results", "empty"), "no measurement", code=3)
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("provider", ["gcp", "azure"])
def test_each_missing_setting_is_named(cli: Cli, tmp_path: Path, provider: str) -> None:
    instance = {"gcp": ("n1-standard-4", "us-central1"), "azure": ("Standard_D16as_v5", "eastus")}
    name, region = instance[provider]
    words = ("--provider", provider, "--instance", name, "--region", region)
    answer = cli("submit", "mlp", *words, "--max-usd", "5", "--dry-run")
    assert_told(answer, f"[{provider}]")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[aws\n", "not TOML"),
        ("[awss]\n", "aws"),
        ("aws = 3\n", "[aws]"),
        ("[results]\nfolder = 'x'\n", "store"),
        ("[results]\nstore = 3\n", "[results] store is 3"),
    ],
)
def test_broken_settings(cli: Cli, tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "trainfare.toml").write_text(text, encoding="utf-8")
    assert_told(cli("quote", "mlp"), told)


def price_rows() -> tuple[list[str], list[dict[str, str]]]:
    with PRICES.open(encoding="utf-8") as file:
        reader = csv.DictReader(file)
        rows = [row for _, row in zip(range(3), reader, strict=False)]
        return list(reader.fieldnames or ()), rows


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda rows: rows[1].update(price_usd_per_hour="0"), "line 3"),
        (lambda rows: rows[1].update(price_usd_per_hour="-1"), "line 3"),
        (lambda rows: rows[1].update(price_usd_per_hour="cheap"), "line 3"),
        (lambda rows: [row.pop("region") for row in rows], "region"),
        (lambda rows: rows.append(dict(rows[0])), "priced twice"),
        (lambda rows: rows.clear(), "bad.csv"),
    ],
    ids=["zero", "negative", "no number", "no column", "duplicate", "no row"],
)
def test_a_bad_price_list(
    cli: Cli, tmp_path: Path, change: Callable[[Any], Any], told: str
) -> None:
    columns, rows = price_rows()
    change(rows)
    columns = [c for c in columns if not rows or c in rows[0]]
    with (tmp_path / "bad.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    assert_told(cli("quote", "mlp", "--prices", "bad.csv"), told)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\xff", b"{}"])
def test_no_price_list_at_all(cli: Cli, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    assert_told(cli("prices", "list", "--prices", "bad.csv"), "bad.csv")


@pytest.mark.parametrize("content", [b"", b'{"schema_version": 1, "kind"', b"\xff\x00", b"[]"])
def test_an_unreadable_record_is_named_and_kept(cli: Cli, tmp_path: Path, content: bytes) -> None:
    bad = tmp_path / "trainfare-results" / "runs" / "29990101T000000Z-mlp-0000.json"
    bad.write_bytes(content)
    answer = cli("quote", "mlp", "--json")
    assert answer.code == 0, answer.err
    assert bad.name in answer.err
    assert bad.read_bytes() == content
    assert answer.json["estimates"]


def test_a_record_of_the_future_is_never_fresh(cli: Cli, tmp_path: Path) -> None:
    runs = tmp_path / "trainfare-results" / "runs"
    (path,) = runs.iterdir()
    plain = json.loads(path.read_text(encoding="utf-8"))
    plain |= {"run_id": "20990101T000000-mlp-000000", "captured_at": "2099-01-01T00:00:00+00:00"}
    (runs / "20990101T000000-mlp-000000.json").write_text(json.dumps(plain), encoding="utf-8")
    path.unlink()
    answer = cli("quote", "mlp", "--max-seconds", "1")
    assert answer.code == 0, answer.err
    assert len(list(runs.iterdir())) == 2  # measured anew
    assert "measured just now" in answer.out


def test_a_results_folder_that_cannot_be(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for verb in ("measure", "quote"):
        assert_told(cli(verb, "mlp", "--results", "file"), "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_results_folder(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "shut"
    folder.mkdir(mode=0o500)
    assert_told(cli("measure", "mlp", "--results", "shut"), "shut")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("def factory(): raise ValueError('no data')", "no data"),
        ("def factory(): return 3", "int"),
        ("def other(): pass", "factory"),
        ("factory = 3", "factory"),
        ("def factory(", "mine.py"),
        ("import nosuchmodule", "nosuchmodule"),
    ],
)
def test_a_bad_factory(cli: Cli, tmp_path: Path, body: str, told: str) -> None:
    (tmp_path / "mine.py").write_text(body, encoding="utf-8")
    assert_told(cli("measure", "mine.py:factory"), told)


def test_a_factory_that_yields_nothing(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        """
import torch
from bench import TorchWorkload

def factory():
    model = torch.nn.Linear(1, 1)
    return TorchWorkload(
        name="none", model=model, loss=torch.nn.MSELoss(), batches=lambda batch_size: [],
        optimizer=lambda p: torch.optim.SGD(p, 0.1), samples_per_epoch=10, batch_size=2,
    )
""",
        encoding="utf-8",
    )
    assert_told(cli("measure", "mine.py:factory"), "batch")


def test_a_batch_beyond_an_epoch_is_told_before_anything_is_timed(cli: Cli) -> None:
    answer = cli("measure", "rnn", "--batch-sizes", "8,4096", "--max-seconds", "2")
    assert "A batch of 4096 is larger than an epoch of 990 samples" in answer.err
    assert "timing steps" not in answer.err


def test_ctrl_c_in_a_sweep_keeps_what_was_measured(tmp_path: Path, env: dict[str, str]) -> None:
    words = ("measure", "mlp", "--max-seconds", "12", "--batch-sizes", "100,200,400")
    child = cli_process.start(words, tmp_path, env)
    child.wait_for("batch 100")
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert (child.returncode, out) == (130, "")
    assert "marked partial" in err
    (path,) = (tmp_path / "trainfare-results" / "runs").iterdir()
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert kept["partial"] is True
    assert any(found["phase"] == "step" for found in kept["measurements"])


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, env: dict[str, str]) -> None:
    child = cli_process.start(("measure", "mlp", "--max-seconds", "60"), tmp_path, env)
    child.wait_for("warming up")
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert out == ""
    assert "interrupted" in err
    assert "Traceback" not in err
    files = [path for path in tmp_path.rglob("*") if path.is_file() and ".cache" not in path.parts]
    for path in files:  # nothing, or what had been measured by then
        assert path.parent.name == "runs"
        assert json.loads(path.read_text(encoding="utf-8"))["partial"] is True
    assert len(files) == ("marked partial" in err)


@pytest.mark.parametrize("reader", ["head -n 1", "true"])  # in the middle, and before the start
def test_a_reader_that_has_gone_is_no_error(
    tmp_path: Path, env: dict[str, str], reader: str
) -> None:
    done = subprocess.run(  # noqa: S602
        f"{sys.executable} -m trainfare prices list | {reader}; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_a_full_disk(tmp_path: Path, env: dict[str, str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = subprocess.run(  # noqa: S602
        f"{sys.executable} -m trainfare prices list --json > /dev/full",
        shell=True,
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert "space" in done.stderr
