"""The report as one JSON object, for other programs; keys end in their unit."""

import json

from results.answer import answer
from results.content import Content, PastJob
from results.records import SCHEMA_VERSION
from results.rows import (
    Row,
    estimate_rows,
    interval_row,
    measurement_rows,
    number,
    run_row,
    usd_row,
)
from results.scaling_text import scaling_row


def json_text(content: Content) -> str:
    """Answers with their estimates, all runs with their measurements, and past jobs."""
    report = {
        "schema_version": SCHEMA_VERSION,
        "made_at": content.made_at,
        "answers": [
            {
                "workload": item.name,
                "sentence": answer(item.quote, item.run),
                "run_id": item.quote.run_id,
                "estimates": estimate_rows(item.quote),
                "left_out": [
                    {"reason": reason, "offers": count} for reason, count in item.quote.left_out
                ],
            }
            for item in content.answers
        ],
        "runs": [
            run_row(run) | {"scaling": scaling_row(run), "measurements": measurement_rows(run)}
            for run in content.runs
        ],
        "jobs": [job_row(job) for job in content.jobs],
        "problems": list(content.problems),
    }
    return json.dumps(report, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def job_row(job: PastJob) -> Row:
    """What was predicted for a job and what it came to; intervals are 80% ones."""
    outcome, estimate = job.outcome, job.intent.estimate
    return {
        "job_name": outcome.job_name,
        "captured_at": outcome.captured_at,
        "workload": estimate.job.workload.name,
        "provider": outcome.provider,
        "region": outcome.region,
        "instance_type": outcome.instance_type,
        "nodes": outcome.nodes,
        "state": outcome.state,
        "predicted_seconds": interval_row(estimate.seconds),
        "billed_seconds": outcome.billed_seconds,
        "billed_basis": outcome.billed_basis,
        "predicted_usd": usd_row(estimate.usd),
        "billed_usd": None if outcome.usd is None else number(outcome.usd),
    }
