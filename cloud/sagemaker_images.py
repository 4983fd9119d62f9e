"""AWS's own training images: which one, and from which account in which region.

PyTorch 2.13, Python 3.12: names and accounts from aws/deep-learning-containers,
docs/pytorch/changelog (2026-07-20) and docs/reference/region_availability.md.
"""

from results.errors import UsageError, near
from results.records import Offer

GPU_TAG = "2.13-cu133-amzn2023-sagemaker"
CPU_TAG = "2.13-cpu-amzn2023-sagemaker"
_COMMON = "763104351884"
_REGIONS = (
    "ap-northeast-1 ap-northeast-2 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 "
    "eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 "
    "us-west-1 us-west-2"
)
ACCOUNTS = dict.fromkeys(_REGIONS.split(), _COMMON) | {
    "af-south-1": "626614931356",
    "ap-east-1": "871362719292",
    "ap-east-2": "975050140332",
    "ap-northeast-3": "364406365360",
    "ap-south-2": "772153158452",
    "ap-southeast-3": "907027046896",
    "ap-southeast-4": "457447274322",
    "ap-southeast-5": "550225433462",
    "ap-southeast-6": "633930458069",
    "ap-southeast-7": "590183813437",
    "ca-west-1": "204538143572",
    "eu-central-2": "380420809688",
    "eu-south-1": "692866216735",
    "eu-south-2": "503227376785",
    "il-central-1": "780543022126",
    "me-central-1": "914824155844",
    "me-south-1": "217643126080",
    "me-west-1": "124382933778",
    "mx-central-1": "637423239942",
}


def image(offer: Offer) -> str:
    """The image for `offer` in its region. Raises UsageError where AWS has none that fits."""
    account = ACCOUNTS.get(offer.region)
    if account is None:
        raise UsageError(
            f"No training image is known for SageMaker in {offer.region!r}. "
            f"{near(offer.region, ACCOUNTS)}"
        )
    if offer.accelerator is not None and offer.accelerator.startswith("V100"):
        raise UsageError(
            f"{offer.instance_type!r} has V100 GPUs, which AWS's PyTorch image (CUDA 13) no longer "
            "supports. Choose a newer GPU: trainfare prices list --provider aws"
        )
    tag = CPU_TAG if offer.accelerator is None else GPU_TAG
    return f"{account}.dkr.ecr.{offer.region}.amazonaws.com/pytorch:{tag}"
