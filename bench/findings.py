"""What a measurement has found so far, and the records that are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.disturbance import Block, disturbed
from bench.sampling import Samples
from bench.session import Session
from bench.workload import Workload
from results.records import Machine, Measurement, Run
from results.records import Workload as WorkloadRecord
from results.store import new_id, utc_now


@dataclass
class Findings:
    """What a measurement has found so far; it can become a record at any moment."""

    session: Session
    reference: str
    identity: Mapping[str, object]
    here: Machine
    steps_per_block: int = 1
    warmup: list[Block] = field(default_factory=list)
    warmup_steps: int = 0
    step: Samples = field(default_factory=Samples)
    spans: Samples = field(default_factory=Samples)
    span_seconds: list[dict[str, float]] = field(default_factory=list)  # by span, a block each
    starts: Samples = field(default_factory=Samples)
    epochs: Samples = field(default_factory=Samples)
    evaluation: Samples = field(default_factory=Samples)
    facts: dict[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Now: between two workloads, where Ctrl-C may come too, the session has none to describe.
        self.workload = describe(self.session.workload, self.reference, **self.identity)

    def step_measurement(self) -> Measurement:
        """The whole steps that were taken."""
        return to_measurement(
            "step", self.step, self.workload, self.steps_per_block, self.warmup, self.warmup_steps,
        )  # fmt: skip

    def run(self, partial: bool = False) -> Run:
        """The record of all this; `partial` where it was interrupted."""
        found = [*self._phases(), self.step_measurement()]
        for phase, samples in (
            ("epoch_start", self.starts), ("epoch", self.epochs), ("evaluation", self.evaluation)
        ):  # fmt: skip
            if samples.blocks:
                found.append(to_measurement(phase, samples, self.workload, 1))
        return Run(
            run_id=new_id(self.workload.name),
            captured_at=utc_now(),
            workload=self.workload,
            machine=self.here,
            measurements=tuple(found),
            gpu=self.session.monitor.reading(),
            epochs_trained=len(self.epochs.blocks),
            partial=partial,
            seed=self.session.seed,
            **self.facts,  # type: ignore[arg-type]
        )

    def _phases(self) -> list[Measurement]:
        """One measurement a span, none where the workload opens none."""
        bad = disturbed(self.spans.blocks)
        seconds = self.span_seconds[: len(bad)]
        # A span that only some steps open has no time a step.
        names = [n for n in (seconds[0] if seconds else ()) if all(n in block for block in seconds)]
        return [
            Measurement(
                phase=name,
                block_seconds=tuple(block[name] for block in seconds),
                disturbed=bad,
                steps_per_block=self.steps_per_block,
                samples_per_repeat=self.workload.batch_size,
                bursts=tuple(self.spans.bursts),
                stopped_because=self.spans.stopped_because,
            )
            for name in names
        ]


def to_measurement(
    phase: str,
    taken: Samples,
    workload: WorkloadRecord,
    steps_per_block: int = 1,
    warmup: list[Block] | None = None,
    warmup_steps: int = 0,
) -> Measurement:
    """Blocks as a record; `step` and `epoch` know how many samples one repeat holds."""
    samples = {"step": workload.batch_size, "epoch": workload.samples_per_epoch}
    return Measurement(
        phase=phase,
        block_seconds=tuple(b.seconds for b in taken.blocks),
        disturbed=disturbed(taken.blocks),
        steps_per_block=steps_per_block,
        samples_per_repeat=samples.get(phase),
        warmup_seconds=tuple(b.seconds for b in warmup or ()),
        warmup_steps=warmup_steps,
        bursts=tuple(taken.bursts),
        others_processors=taken.others_processors,
        stopped_because=taken.stopped_because,
    )


def describe(workload: Workload, reference: str, **more: object) -> WorkloadRecord:
    """The record of a prepared workload; what it does not tell is unknown."""
    return WorkloadRecord(
        name=str(getattr(workload, "name", reference)),
        reference=reference,
        model=str(getattr(workload, "model_name", type(workload).__name__)),
        input_shape=tuple(getattr(workload, "input_shape", ())),
        batch_size=workload.samples_per_step,
        precision=getattr(workload, "precision", "fp32"),
        samples_per_epoch=workload.samples_per_epoch,
        sample_unit=str(getattr(workload, "sample_unit", "sample")),
        parameter_count=getattr(workload, "parameter_count", None),
        data_note=getattr(workload, "data_note", None),
        **more,  # type: ignore[arg-type]
    )
