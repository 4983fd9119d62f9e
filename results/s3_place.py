"""A store in an S3 bucket, through boto3 (docs/decisions/0040): conditional writes, no locks."""

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import Any

from results.errors import MissingError, RecordError, UsageError
from results.reading import AT_ONCE, MAX_RECORD_BYTES, Found, at_once

TAKEN = ("PreconditionFailed", "412")  # the name exists: somebody was first
ATTEMPTS = 8  # at a write that S3 itself calls in conflict with another, and at a call that fails


class S3Place:
    """`s3://bucket/prefix`. Endpoint, region and credentials are those of boto3's usual places."""

    def __init__(self, address: str) -> None:
        self.address = address.rstrip("/")
        self.bucket, _, prefix = address.removeprefix("s3://").rstrip("/").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        if not self.bucket:
            raise UsageError(f"{address!r} names no bucket. Expected: s3://bucket/folder.")
        self._made: Any = None

    @property
    def _s3(self) -> Any:
        if self._made is None:
            try:
                import boto3
                from botocore.config import Config
            except ImportError:
                raise UsageError(
                    f"{self.address} needs boto3. Install it: pip install 'trainfare[aws]'"
                ) from None
            config = Config(
                retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
                max_pool_connections=AT_ONCE,
            )
            # A fresh session: the default one keeps credentials that have expired.
            self._made = boto3.Session().client("s3", config=config)
        return self._made

    def shown(self, name: str) -> str:
        """The address of the object."""
        return f"{self.address}/{name}"

    def names(self, folder: str) -> list[str]:
        """Objects that end in .json directly in the folder, from every page of the list."""
        prefix = f"{self._prefix}{folder}/"
        found: list[str] = []
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, Delimiter="/"
            )
            for page in pages:
                found += [item["Key"] for item in page.get("Contents", [])]
        except _errors() as error:
            raise UsageError(f"Cannot read {self.address}: {_told(error)}.") from None
        plain = [PurePosixPath(key).name for key in dict.fromkeys(found) if key.endswith(".json")]
        return [f"{folder}/{name}" for name in plain if not name.startswith(".")]

    def read(self, name: str) -> bytes:
        """The object, if it is no larger than a record can be."""
        try:
            answer = self._s3.get_object(Bucket=self.bucket, Key=self._prefix + name)
            if answer["ContentLength"] > MAX_RECORD_BYTES:
                answer["Body"].close()
                raise RecordError(f"larger than {MAX_RECORD_BYTES} bytes")
            data: bytes = answer["Body"].read()  # checked by boto3 against the length it was told
            return data
        except _errors() as error:
            kind = MissingError if _code(error) == "NoSuchKey" else RecordError
            raise kind(_told(error)) from None

    def read_all(self, names: Sequence[str]) -> Iterator[Found]:
        """Many at once, through the one client, which threads may share."""
        _ = self._s3  # made here, not by several threads
        return at_once(self.read, names)

    def create(self, name: str, text: str) -> bool:
        """Put with `If-None-Match: *`: S3 lets exactly one writer of a name through."""
        for attempt in range(ATTEMPTS):
            try:
                self._s3.put_object(
                    Bucket=self.bucket,
                    Key=self._prefix + name,
                    Body=text.encode(),
                    ContentType="application/json",
                    IfNoneMatch="*",
                )
                return True
            except _errors() as error:
                if _code(error) in TAKEN:
                    return False
                if _code(error) == "ConditionalRequestConflict" and attempt < ATTEMPTS - 1:
                    continue
                raise UsageError(f"Cannot write {self.shown(name)}: {_told(error)}.") from None
        raise AssertionError("unreachable")

    def remove(self, name: str) -> None:
        """Delete the object; S3 says nothing where there is none."""
        try:
            self._s3.delete_object(Bucket=self.bucket, Key=self._prefix + name)
        except _errors() as error:
            raise UsageError(f"Cannot remove {self.shown(name)}: {_told(error)}.") from None

    def check_writable(self) -> None:
        """Put an empty object; it stays, for removing is a right that a writer need not have."""
        self.create(".writable", "")


def _errors() -> tuple[type[Exception], ...]:
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return (ClientError, BotoCoreError, Boto3Error)


def _code(error: Exception) -> str:
    return str(getattr(error, "response", {}).get("Error", {}).get("Code", ""))


def _told(error: Exception) -> str:
    """The service's own words, and what to do where that is known."""
    hints = {
        "NoSuchBucket": "Create the bucket, or correct `[results] store`",
        "AccessDenied": "Allow s3:ListBucket on the bucket, s3:GetObject and s3:PutObject on it",
    }
    hint = hints.get(_code(error), "")
    if type(error).__name__ == "NoCredentialsError":
        hint = "Sign in, as with: aws sso login"
    return f"{str(error).strip().rstrip('.')}{'. ' + hint if hint else ''}"
