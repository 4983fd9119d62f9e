"""Brings home what an ended job left: its measurements, its log, and what it cost."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cloud.client import JobStatus
from cloud.outcome import outcome
from cloud.patience import Patient
from cloud.unpack import HostileError
from results import codec, heartbeat
from results.errors import RecordError
from results.jobs import JobHandle, JobIntent, Outcome
from results.reading import MAX_RECORD_BYTES
from results.records import Job, Run
from results.store import Store

MAIN_LOG = "log-node0.txt"
FETCH_ATTEMPTS = 2  # a download may be cut off once; a result that is hostile twice is hostile
CLOCK_SKEW_SECONDS = 120.0  # between the machine that trained and the service that billed it

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a job left, checked: runs of this very job, the text of its logs, what was refused."""

    runs: tuple[Run, ...] = ()
    logs: tuple[tuple[str, str], ...] = ()  # name and text
    refused: tuple[str, ...] = ()  # one sentence each


def collect(
    client: Patient, handle: JobHandle, intent: JobIntent, store: Store, say: Say
) -> Outcome | None:
    """Keep runs, logs and outcome of a job that has ended; None where it has not.

    Again gives the outcome that was kept. What is refused is told and left where it is; a job that
    left nothing usable still has an outcome. Raises CloudError where the service can't be asked,
    and then nothing of the outcome is kept, so that the next time brings all of it.
    """
    kept = store.find(Outcome, handle.job_name)
    if kept is not None:
        return kept
    status = client.status(handle)
    if not status.ended:
        return None
    left = _fetched(client, handle, intent.estimate.job)
    run_ids = []
    for run in left.runs:
        run = as_known_here(run, intent)
        try:
            store.add(run)
            run_ids.append(run.run_id)
        except RecordError as error:
            say(f"! {error}")
    for sentence in left.refused:
        say(f"! {handle.job_name}: {sentence}")
    logs = left.logs or ((MAIN_LOG, _service_log(client, handle)),)
    for name, text in logs:
        store.place.create(f"logs/{handle.job_name}/{name}", text)
    made = with_times(outcome(status, intent), status, dict(logs).get(MAIN_LOG, ""), left.runs)
    made = replace(made, run_ids=tuple(run_ids))
    try:
        store.add(made)
    except RecordError:  # another process was faster; what it kept stays
        return store.find(Outcome, handle.job_name)
    return made


def as_known_here(run: Run, intent: JobIntent) -> Run:
    """The run with what only we know: the machine that was rented, and the workload's own name.

    Inside the job a file is called otherwise; its source was checked before it was sent.
    """
    asked = intent.estimate.job.workload
    workload = replace(
        run.workload,
        reference=asked.reference,
        source_digest=asked.source_digest,
        options=asked.options,
    )
    machine = replace(run.machine, instance_type=intent.estimate.offer.instance_type)
    return replace(run, workload=workload, machine=machine)


def with_times(made: Outcome, status: JobStatus, log: str, runs: tuple[Run, ...]) -> Outcome:
    """Start-up, pull and training from the job's own heartbeats and measurements.

    start-up = first heartbeat − start of billing; pull = start of the job's process − start of
    billing; both None where the clocks disagree by more than two minutes. `run_seconds` is the sum
    of the epochs that were measured, or what the last heartbeat told.
    """
    beats = [b for text in log.splitlines() if (b := heartbeat.newest([text]))]
    run_seconds = _trained_seconds(runs)
    if run_seconds is None and beats:
        run_seconds = beats[-1].training_seconds
    if not beats or status.started_at_seconds is None:
        return replace(made, run_seconds=run_seconds)
    return replace(
        made,
        start_up_seconds=_since(status, beats[0].captured_at),
        pull_seconds=_since(status, beats[0].started_at),
        run_seconds=run_seconds,
    )


def _since(status: JobStatus, moment: str) -> float | None:
    """Seconds from the start of billing to `moment`, None where that is not within the job."""
    try:
        at_seconds = datetime.fromisoformat(moment).timestamp()
    except (ValueError, OverflowError):
        return None
    begin, end = status.started_at_seconds, status.ended_at_seconds
    if begin is None or end is None or at_seconds > end + CLOCK_SKEW_SECONDS:
        return None
    after = at_seconds - begin
    return max(0.0, after) if after >= -CLOCK_SKEW_SECONDS else None


def _trained_seconds(runs: tuple[Run, ...]) -> float | None:
    epochs = [m for run in runs if (m := run.measurement("epoch"))]
    return sum(epochs[0].block_seconds) if epochs else None


def _fetched(client: Patient, handle: JobHandle, job: Job) -> Left:
    """The job's output place, taken twice at most; what is hostile both times is left there."""
    reason = ""
    for _ in range(FETCH_ATTEMPTS):
        with tempfile.TemporaryDirectory(prefix="trainfare-") as folder:
            try:
                client.fetch(handle, Path(folder))
                return read_left(Path(folder), job)
            except HostileError as error:
                reason = str(error)
    return Left(refused=(f"what it left is refused: {reason}",))


def read_left(folder: Path, job: Job) -> Left:
    """What lies in a folder of plain files: records as strict JSON, logs as text, nothing else."""
    runs: dict[str, Run] = {}
    refused = []
    for path in sorted(folder.rglob("*.json")):
        if path.parent.name != "runs":
            continue
        try:
            run = _read_run(path, job)
            if run.run_id in runs:
                raise RecordError("it repeats another record")
            runs[run.run_id] = run
        except RecordError as error:
            refused.append(f"{path.name} is refused: {error}")
    logs = []
    for path in sorted(folder.rglob("log-node*.txt")):
        logs.append((path.name, path.read_bytes()[:MAX_RECORD_BYTES].decode(errors="replace")))
    return Left(runs=tuple(runs.values()), logs=tuple(logs), refused=tuple(refused))


def _read_run(path: Path, job: Job) -> Run:
    if path.stat().st_size > MAX_RECORD_BYTES:
        raise RecordError(f"larger than {MAX_RECORD_BYTES} bytes")
    try:
        run = codec.loads(path.read_bytes().decode(), Run)
    except UnicodeDecodeError:
        raise RecordError("not UTF-8 text") from None
    if f"{run.run_id}.json" != path.name:
        raise RecordError(f"it holds the record {run.run_id[:80]!r}")
    asked = (job.workload.name, job.workload.batch_size, job.samples_per_epoch)
    if (run.workload.name, run.workload.batch_size, run.workload.samples_per_epoch) != asked:
        raise RecordError("it is not of this job's workload")
    return run


def _service_log(client: Patient, handle: JobHandle) -> str:
    """What the service itself kept of the main node's log, where the job left none."""
    return "".join(f"{line}\n" for line in client.logs(handle))
