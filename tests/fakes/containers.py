"""SageMaker's containers for real: each node a process in a file system of its own, with /opt/ml.

The submitted words hold fixed paths. Linux's namespaces (as a container's) put a folder of the test
there: nothing of the machine is changed, and the nodes share a network that nobody else sees.
"""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Without rights of root (where the kernel allows it), or with them.
WAYS = (
    ("unshare", "--user", "--map-root-user", "--mount", "--net"),
    ("unshare", "--mount", "--net"),
)
HOSTS = "127.0.0.1 localhost algo-1 algo-2\n"
# $1 is the node's folder, $2 the folder in which /opt is put together; then the words follow.
# /opt may hold the very Python that runs: all that is in it stays, and `ml` is added.
ENTER = """
set -e
node=$1 opt=$2; shift 2
mkdir -p "$opt" /tmp/trainfare
for there in /opt/*; do
  [ -d "$there" ] && [ "$there" != /opt/ml ] || continue
  mkdir -p "$opt/${there#/opt/}" && mount --rbind "$there" "$opt/${there#/opt/}"
done
mkdir -p "$opt/ml" && mount --bind "$node/ml" "$opt/ml" && mount --rbind "$opt" /opt
mount --bind "$node/hosts" /etc/hosts
mount --bind "$node/unpacked" /tmp/trainfare
echo $$ > "$node/pid"
cd "$node"
exec "$@"
"""
# The nodes of a job, started together once the network is up; argument: a file of what to start.
NODES = """
import fcntl, json, socket, struct, subprocess, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any:
    fcntl.ioctl(any, 0x8914, struct.pack("16sh", b"lo", 1 | 64))  # SIOCSIFFLAGS: up, running
started = []
for words, env, log in json.load(open(sys.argv[1])):
    out = open(log, "wb")
    started.append(subprocess.Popen(words, env=env, stdout=out, stderr=out))
print(json.dumps([process.wait() for process in started]))
"""


@functools.cache
def way_in() -> tuple[str, ...] | None:
    """How namespaces can be had here; None where they cannot."""
    for way in WAYS:
        try:
            if subprocess.run([*way, "true"], capture_output=True, timeout=20).returncode == 0:
                return way
        except OSError:
            return None
    return None


@dataclass
class Containers:
    """One attempt at a SageMaker job: its nodes, each with its /opt/ml below `folder`."""

    request: dict[str, Any]
    archive: bytes
    folder: Path

    def __post_init__(self) -> None:
        count = self.request["ResourceConfig"]["InstanceCount"]
        self.hosts = [f"algo-{i + 1}" for i in range(count)]
        for host in self.hosts:
            self._lay_out(host)

    def ml(self, host: str = "algo-1") -> Path:
        """What the container sees as /opt/ml."""
        return self.folder / host / "ml"

    def _lay_out(self, host: str) -> None:
        (channel,) = self.request["InputDataConfig"]
        source = self.ml(host) / "input" / "data" / channel["ChannelName"] / "source.tar.gz"
        config = self.ml(host) / "input" / "config" / "resourceconfig.json"
        for path in (source, config):
            path.parent.mkdir(parents=True)
        for name in ("output/data", "model", "checkpoints"):
            (self.ml(host) / name).mkdir(parents=True)
        source.write_bytes(self.archive)
        told = {"current_host": host, "hosts": self.hosts, "network_interface_name": "lo"}
        config.write_text(json.dumps(told), encoding="utf-8")
        (self.folder / host / "hosts").write_text(HOSTS, encoding="utf-8")
        (self.folder / host / "unpacked").mkdir()

    def start(self) -> "subprocess.Popen[str]":
        """All nodes at once, with the words exactly as they were submitted."""
        way = way_in()
        assert way is not None
        spec = self.request["AlgorithmSpecification"]
        words = [*spec["ContainerEntrypoint"], *spec["ContainerArguments"]]
        nodes = []
        for host in self.hosts:
            node = self.folder / host
            enter = ["unshare", "--mount", "bash", "-c", ENTER, "bash", str(node)]
            entered = [*enter, str(node / "opt"), *words]
            nodes.append([entered, self._environment(), str(node / "log.txt")])
        (self.folder / "nodes.json").write_text(json.dumps(nodes), encoding="utf-8")
        command = [*way, sys.executable, "-c", NODES, str(self.folder / "nodes.json")]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def _environment(self) -> dict[str, str]:
        """As the service sets it; and without this checkout on the path."""
        python = Path(sys.executable).parent
        kept = {k: v for k, v in os.environ.items() if k in ("LANG", "OMP_NUM_THREADS")}
        name = self.request["TrainingJobName"]
        return kept | {"PATH": f"{python}:{os.environ['PATH']}", "TRAINING_JOB_NAME": name,
                       "TRAINFARE_OFFLINE": "1"}  # fmt: skip

    def run(self) -> list[int]:
        """Run to the end; exit codes by node."""
        return self.codes(self.start())

    @staticmethod
    def codes(running: "subprocess.Popen[str]") -> list[int]:
        """The exit codes of nodes that were started."""
        said, _ = running.communicate(timeout=240)
        return list(json.loads(said))

    def preempt(self) -> None:
        """The signal that the service gives before it takes the machines away."""
        for host in self.hosts:
            os.kill(int((self.folder / host / "pid").read_text()), signal.SIGTERM)

    def wait_until_said(self, words: str, running: "subprocess.Popen[str]") -> None:
        """Until the main node has said this; the test fails if it ends before."""
        while words not in self.log():
            assert running.poll() is None, self.log()
            time.sleep(0.05)

    def log(self, host: str = "algo-1") -> str:
        """The last of what a node said."""
        path = self.folder / host / "log.txt"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def take_checkpoints(self, other: "Containers") -> None:
        """As the service does through S3: what another attempt saved lies there at the start."""
        for host in self.hosts:
            shutil.copytree(
                other.ml("algo-1") / "checkpoints", self.ml(host) / "checkpoints",
                dirs_exist_ok=True,
            )  # fmt: skip
