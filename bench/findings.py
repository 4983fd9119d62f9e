"""What a measurement has found so far, and the records that are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.disturbance import Block
from bench.sampling import Samples
from bench.session import Session
from bench.workload import Workload
from results.records import Machine, Measurement, Run
from results.records import Workload as WorkloadRecord
from results.statistics import median
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
        return self.step.measurement(
            "step",
            self.spans.blocks,
            steps_per_block=self.steps_per_block,
            samples_per_repeat=self.workload.batch_size,
            warmup_seconds=tuple(b.seconds for b in self.warmup),
            warmup_steps=self.warmup_steps,
        )

    def run(self, partial: bool = False) -> Run:
        """The record of all this; `partial` where it was interrupted."""
        step = self.step_measurement()
        found = [*self._phases(), step]
        if self.starts.blocks:
            found.append(self.starts.measurement("epoch_start"))
        if self.epochs.blocks:
            samples = self.workload.samples_per_epoch
            found.append(self.epochs.measurement("epoch", samples_per_repeat=samples))
        if self.evaluation.blocks:
            found.append(self.evaluation.measurement("evaluation"))
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
            core_probe_seconds=self._probe_seconds(step),
            **self.facts,  # type: ignore[arg-type]
        )

    def _probe_seconds(self, step: Measurement) -> float | None:
        pairs = zip(self.step.blocks, step.left_out, strict=True)
        probes = [b.probe_seconds for b, out in pairs if not out and b.probe_seconds is not None]
        return median(probes) if probes else None

    def _phases(self) -> list[Measurement]:
        """One measurement a span, none where the workload opens none."""
        whole = self.spans.measurement("spans", self.step.blocks)
        seconds = self.span_seconds[: len(whole.disturbed)]
        # A span that only some steps open has no time a step.
        names = [n for n in (seconds[0] if seconds else ()) if all(n in block for block in seconds)]
        return [
            Measurement(
                phase=name,
                block_seconds=tuple(block[name] for block in seconds),
                disturbed=whole.disturbed,
                slowed=whole.slowed,
                steps_per_block=self.steps_per_block,
                samples_per_repeat=self.workload.batch_size,
                bursts=tuple(self.spans.bursts),
                stopped_because=self.spans.stopped_because,
            )
            for name in names
        ]


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
