"""From what a user typed to the name the price list uses, or an error that says what is near."""

from collections.abc import Iterable
from typing import Final

from results.errors import NoAnswerError, UsageError, near
from results.names import PROVIDER_NAMES
from results.records import Allocation, Provider

# The service column of a price file; a user may give either name for the provider.
PROVIDER_SERVICES: Final[dict[Provider, str]] = {
    "aws": "sagemaker",
    "gcp": "vertex",
    "azure": "azureml",
}
ALLOCATION_NAMES: Final[dict[Allocation, str]] = {"on_demand": "on-demand", "spot": "spot"}
NO_ACCELERATOR: Final = ("none", "cpu")  # how a user asks for instances without one


def known_provider(given: str) -> Provider:
    """`aws`, `gcp` or `azure` from any of a provider's names. Raises UsageError."""
    names: dict[str, Provider] = {}
    for provider, service in PROVIDER_SERVICES.items():
        names |= {provider: provider, service: provider, PROVIDER_NAMES[provider]: provider}
    return names[known_name(given, names, "provider", "trainfare prices list")]


def known_allocation(given: str) -> Allocation:
    """`on_demand` or `spot`, written with `_` or `-`. Raises UsageError."""
    names: dict[str, Allocation] = {}
    for allocation, shown in ALLOCATION_NAMES.items():
        names |= {allocation: allocation, shown: allocation}
    return names[known_name(given, names, "way to rent", "trainfare prices list")]


def known_accelerator(given: str, names: Iterable[str], see: str) -> str | None:
    """The one of `names` that is meant; None for `none` and `cpu`. Raises UsageError."""
    if given.strip().casefold() in NO_ACCELERATOR:
        return None
    return known_name(given, {*names, "none"}, "accelerator of the price list", see)


def known_instance(given: str, names: Iterable[str], provider: Provider | None) -> str:
    """The one of the instance types `names` that is meant. Raises UsageError."""
    whose = PROVIDER_NAMES[provider] if provider else "the price list"
    return known_name(given, names, f"instance type of {whose}", see_list(provider))


def known_region(given: str, names: Iterable[str], provider: Provider | None) -> str:
    """The one of the regions `names` that is meant. Raises UsageError."""
    whose = PROVIDER_NAMES[provider] if provider else "the price list"
    return known_name(given, names, f"region of {whose}", see_list(provider))


def region_of_instance(
    given: str, names: Iterable[str], instance_type: str, allocation: Allocation | None
) -> str:
    """The one of `names`, the regions in which the instance type is priced, that is meant.

    Raises NoAnswerError that lists them: the one given may well exist.
    """
    regions = {name.casefold(): name for name in names}
    found = regions.get(given.strip().casefold())
    if found is None:
        what = f"No {ALLOCATION_NAMES[allocation]} price" if allocation else "No price"
        raise NoAnswerError(
            f"{what} for {instance_type!r} in {given!r}. "
            f"Known regions: {', '.join(sorted(regions.values()))}."
        )
    return found


def known_name(given: str, names: Iterable[str], what: str, see: str) -> str:
    """The one of `names` that `given` means, case aside. Raises UsageError with near names."""
    lowered = {name.casefold(): name for name in names}
    found = lowered.get(given.strip().casefold())
    if found is None:
        raise UsageError(f"{given!r} is no {what}. {near(given, lowered.values())} See: {see}")
    return found


def see_list(provider: Provider | None) -> str:
    """The command that lists what there is."""
    return f"trainfare prices list{f' --provider {provider}' if provider else ''}"
