"""The three clouds as a test meets them: fake services, the real client, one shape for all."""

import json
import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from fakes import botocore_files, moto_server
from fakes.azureml import FakeAzure
from fakes.sagemaker import FakeSageMaker
from fakes.vertex import FakeVertex
from fakes.web import Answer, Clock, Faults, Request, Server, as_json, forward_to

BUCKET = "my-bucket"
AZURE = {
    "subscription_id": "01234567-89ab-cdef-0123-456789abcdef",
    "resource_group": "my-group",
    "workspace": "my-workspace",
}


class Cloud:
    """One provider: its fake, the settings that lead there, and the calls by which it is told."""

    def __init__(self, provider: str, fake: Any, table: dict[str, Any], create: str) -> None:
        self.provider, self.fake, self.table, self.create_call = provider, fake, table, create
        self.store_faults: Faults = fake.faults
        self._client: Any = None

    @property
    def clock(self) -> Clock:
        """The service's clock."""
        clock: Clock = self.fake.clock
        return clock

    def settings(self) -> Any:
        """As they would be read from trainfare.toml."""
        from cloud.settings import from_table

        return from_table(self.provider, self.table)  # type: ignore[arg-type]

    def client(self, *, fresh: bool = False) -> Any:
        """The real client; a fresh one has signed in anew, as another process would."""
        from cloud.patience import Patient
        from cloud.registry import client

        if fresh or self._client is None:
            self._client = client(self.settings())
        return Patient(self._client, self.clock.pause)

    def unconnected(self, region: str) -> Any:
        """A client that was made and has made no call, for a fork to use as its own."""
        from cloud.patience import Patient
        from cloud.registry import client

        made: Any = client(self.settings())
        if self.provider == "aws":
            made._service("sagemaker", region), made._service("s3", region)
        elif self.provider == "gcp":
            assert made._service(region) and made._files
        else:
            assert made._ml is not None
        return Patient(made, self.clock.pause)

    def reset(self) -> None:
        """A service without jobs and without faults."""
        self.fake.jobs.clear()
        self.fake.faults.clear()
        self.store_faults.clear()
        self.fake.repeats_page = False
        if self.provider == "azure":
            self.fake.clear()

    def alive(self) -> list[Any]:
        """The jobs at the service that run or will run."""
        going = ("pending", "running")
        return [j for j in self.fake.jobs.all if j.phase(self.clock.now) in going]

    def bill_usd(self, rate: Decimal) -> Decimal:
        """What all jobs cost until now."""
        jobs = self.fake.jobs.all
        return sum((job.bill_usd(rate, self.clock.now) for job in jobs), Decimal(0))


@contextmanager
def all_clouds() -> Iterator[dict[str, Cloud]]:
    """Start every fake, lead the SDKs' own settings there, and give the clouds by provider."""
    clock, kept = Clock(), dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "GOOGLE_", "AZURE_", "TRAINFARE_", "CLOUDSDK_")):
            del os.environ[name]
    with tempfile.TemporaryDirectory() as folder:
        try:
            yield {
                "aws": _aws(clock),
                "gcp": _gcp(clock, Path(folder)),
                "azure": _azure(clock, Path(folder)),
            }
        finally:
            os.environ.clear()
            os.environ.update(kept)


def _aws(clock: Clock) -> Cloud:
    fake, faults = FakeSageMaker(clock), Faults()
    port = moto_server.start()
    front = Server(forward_to(port), lambda r: f"S3{r.method.title()}", s3_refusal, faults)
    os.environ |= {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "AWS_ENDPOINT_URL_S3": front.url,
        "AWS_ACCESS_KEY_ID": "AKIAABCDEFGHIJKLMNOP",
        "AWS_SECRET_ACCESS_KEY": "s" * 40,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": os.environ.get("HOME", "/"),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    import boto3

    botocore_files.read_once()
    boto3.Session().client("s3", region_name="us-east-1").create_bucket(Bucket=BUCKET)
    iam = boto3.Session().client("iam", region_name="us-east-1")
    iam.create_role(RoleName="trainer", AssumeRolePolicyDocument="{}")
    table = {
        "role_arn": "arn:aws:iam::123456789012:role/trainer",
        "bucket": BUCKET,
        "endpoint": fake.server.url,
    }
    cloud = Cloud("aws", fake, table, "CreateTrainingJob")
    cloud.store_faults = faults
    return cloud


def s3_refusal(kind: str) -> Answer:
    """An error as S3 tells it."""
    status, code = {"throttled": (503, "SlowDown"), "denied": (403, "AccessDenied")}.get(
        kind, (500, "InternalError")
    )
    body = f"<Error><Code>{code}</Code><Message>{kind}</Message></Error>"
    return Answer(status, body.encode(), {"Content-Type": "application/xml"})


def _gcp(clock: Clock, folder: Path) -> Cloud:
    from gcp_storage_emulator.server import create_server

    fake, faults = FakeVertex(clock), Faults()
    emulator = create_server("127.0.0.1", 0, in_memory=True, default_bucket=BUCKET)
    emulator._api.daemon = True
    emulator.start()
    port = emulator._api._httpd.server_address[1]

    def refuse(kind: str) -> Answer:
        status = {"throttled": 429, "denied": 403}.get(kind, 503)
        return as_json({"error": {"code": status, "message": kind}}, status)

    front = Server(forward_to(port), lambda r: f"Gcs{r.method.title()}", refuse, faults)
    key = folder / "key.json"
    key.write_text(json.dumps(_service_account(f"{fake.server.url}/token")), encoding="utf-8")
    os.environ |= {
        "GOOGLE_APPLICATION_CREDENTIALS": str(key),
        "STORAGE_EMULATOR_HOST": front.url,
        "NO_GCE_CHECK": "true",
    }
    table = {
        "project": "my-project-1",
        "bucket": BUCKET,
        "endpoint": fake.server.url,
        "logging_endpoint": fake.server.url,
    }
    cloud = Cloud("gcp", fake, table, "CreateCustomJob")
    cloud.store_faults = faults
    return cloud


def _service_account(token_uri: str) -> dict[str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "my-project-1",
        "private_key_id": "k",
        "private_key": pem.decode(),
        "client_email": "trainer@my-project-1.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": token_uri,
    }


def _azure(clock: Clock, folder: Path) -> Cloud:
    import trustme
    from azure.ai.ml._utils import _experimental

    # It looks through the whole stack for whether it may warn of what is experimental in it: a
    # third of the time of these tests. Commands, which are processes of their own, keep it.
    _experimental._should_skip_warning = lambda: True
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    bundle = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(bundle))
    fake = FakeAzure(clock, tls)
    # The sign-in of a machine's own identity: the chain that DefaultAzureCredential finds itself.
    identity = Server(_token, lambda _: "Token", lambda _: Answer(500), Faults())
    os.environ |= {
        "REQUESTS_CA_BUNDLE": str(bundle),
        "IDENTITY_ENDPOINT": f"{identity.url}/token",
        "IDENTITY_HEADER": "h",
    }
    table = AZURE | {
        "endpoint": fake.server.url,
        "storage_endpoint": f"{fake.server.url}/blob",
    }
    return Cloud("azure", fake, table, "CreateJob")


def _token(_: Request) -> Answer:
    import time

    token = "e30.eyJhcHBpZCI6ICJ0cmFpbmVyIn0.c2ln"  # noqa: S105 - {"appid": "trainer"}
    return as_json({"access_token": token, "expires_on": str(int(time.time()) + 86400),
                    "resource": "x", "token_type": "Bearer"})  # fmt: skip
