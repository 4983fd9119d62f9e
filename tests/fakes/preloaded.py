"""What most commands import: loaded once, in the process that all of them are forked from."""

import gc
import os
import pkgutil
import warnings
from importlib import import_module

from fakes import botocore_files, huge_pages

import bench
import cloud
import estimators
import results
import trainfare

gc.disable()  # nothing that is imported is garbage
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import azure.ai.ml
    import azure.identity
    import azure.storage.blob  # noqa: F401
    import boto3
    import google.cloud.aiplatform_v1  # noqa: F401
    import jinja2  # noqa: F401
    import pandas  # noqa: F401
    import platformdirs  # noqa: F401
    import rich.progress  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch._dynamo  # which any optimizer loads
    import torch.utils.flop_counter  # noqa: F401
    import torchvision  # noqa: F401

    for room in (bench, cloud, estimators, results, trainfare):
        for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)

botocore_files.read_once()
for service in ("sagemaker", "s3", "sts", "iam", "logs"):
    boto3.Session().client(service, region_name="us-east-1")

gc.freeze()  # no collection of a fork need walk through it, which would copy all of it as well
gc.enable()
huge_pages.collapse()

# What the libraries say when it ends is for nobody; each fork has a stderr of its own.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
