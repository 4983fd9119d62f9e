"""CloudWatch's lines of a SageMaker job, read on from where the last look ended."""

from typing import Any

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


class StreamLog:
    """What the streams of one host have told so far."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._tokens: dict[str, dict[str, str]] = {}  # by stream
        self.lines: list[str] = []

    def read(self, logs: Any) -> None:
        """Read what has come since; `logs` is boto3's client, whose errors are raised."""
        try:
            streams = logs.describe_log_streams(
                logGroupName=LOG_GROUP, logStreamNamePrefix=self._prefix
            )["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return  # the first job of an account: nothing was ever written
        for stream in streams:
            self._read_stream(logs, stream["logStreamName"])

    def _read_stream(self, logs: Any, name: str) -> None:
        while True:
            token = self._tokens.get(name, {})
            page = logs.get_log_events(
                logGroupName=LOG_GROUP, logStreamName=name, startFromHead=True, **token
            )
            self.lines += (event["message"].rstrip("\n") for event in page["events"])
            self._tokens[name] = {"nextToken": page["nextForwardToken"]}
            if self._tokens[name] == token:
                return
