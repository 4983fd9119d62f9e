"""What most commands import: loaded once, in the process that all of them are forked from."""

import gc
import warnings
from importlib import import_module

from fakes import botocore_files

from trainfare.app import VERBS

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import azure.ai.ml
    import azure.identity
    import azure.storage.blob  # noqa: F401
    import boto3
    import google.cloud.aiplatform_v1  # noqa: F401
    import pandas  # noqa: F401
    import rich.progress  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch._dynamo  # noqa: F401  # which any optimizer loads
    import torchvision  # noqa: F401

    for verb in VERBS:
        import_module(f"trainfare.commands.{verb}")

botocore_files.read_once()
for service in ("sagemaker", "s3", "sts", "iam", "logs"):
    boto3.Session().client(service, region_name="us-east-1")

gc.collect()
gc.freeze()  # no collection of a fork need walk through it, which would copy all of it as well
