"""Ranking 1,500 offers needs neither torch nor pandas nor an SDK, and little memory."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trainfare.conftest import environment

HEAVY = {"torch", "torchvision", "pandas", "numpy", "sklearn", "boto3", "botocore", "google",
         "azure", "pydantic", "requests"}  # fmt: skip
PROBE = """
import sys
from pathlib import Path
from trainfare.__main__ import main
before = set(sys.modules)  # a .pth file may have brought some
sys.argv = ["trainfare", *sys.argv[1:]]
code = main()
status = Path("/proc/self/status")
# Not getrusage: its peak begins with that of the process that started this one.
peak = [l for l in status.read_text().splitlines() if "VmHWM" in l] if status.exists() else []
sys.stderr.write("\\n" + repr((code, sorted({m.split(".")[0] for m in set(sys.modules) - before}),
                               int(peak[0].split()[1]) if peak else 0)))
"""


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("quote", "mlp"),
        ("quote", "mlp", "--json"),
        ("project", "--measurement", "latest", "--target", "A10G"),
        ("quote", "mlp", "--deadline", "4h", "--max-nodes", "4", "--explain"),
        ("prices", "list"),
        ("prices", "show", "ml.g5.xlarge"),
        (
            "bill",
            "--provider",
            "aws",
            "--instance",
            "ml.g5.xlarge",
            "--region",
            "us-east-1",
            "--seconds",
            "60",
        ),
    ],
)
def test_light(cli: Any, tmp_path: Path, words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    code, modules, peak_kib = ast.literal_eval(done.stderr.splitlines()[-1])
    assert code == 0
    assert HEAVY.isdisjoint(modules)
    assert peak_kib < 200 * 1024


def test_no_secret_is_told(cli: Any, configured: Path, tmp_path: Path) -> None:
    secrets = {
        "AWS_ACCESS_KEY_ID": "AKIAVERYSECRET00",
        "AWS_SECRET_ACCESS_KEY": "verysecretaws",
        "AZURE_CLIENT_ID": "verysecretclient",
        "AZURE_TENANT_ID": "verysecrettenant",
        "AZURE_CLIENT_SECRET": "verysecretazure",
        "GOOGLE_APPLICATION_CREDENTIALS": str(tmp_path / "verysecret.json"),
    }
    submit = ("submit", "mlp", "--provider", "aws", "--instance", "ml.m5.xlarge", "--max-usd", "5")
    said = ""
    for words in (("doctor",), ("doctor", "--json"), ("quote", "mlp"), (*submit, "--dry-run")):
        answer = cli(*words, **secrets)
        assert answer.code == 0, answer.err
        said += answer.out + answer.err
    kept = [path for path in tmp_path.rglob("*.json") if path.is_file()]
    assert kept
    said += "".join(path.read_text(encoding="utf-8") for path in kept)
    found = [value for name, value in secrets.items() if "APPLICATION" not in name if value in said]
    assert found == []
