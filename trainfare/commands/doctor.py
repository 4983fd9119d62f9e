"""`trainfare doctor`: what is installed, which devices, which credentials, how old the prices."""

import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from results import units
from results.errors import TrainfareError
from results.names import PROVIDER_NAMES
from results.price_age import age_days, is_stale
from results.store import Store
from trainfare import options, output, pricing, settings
from trainfare.reading import open_store

PACKAGES = ("trainfare", "torch", "torchvision", "boto3", "google-cloud-aiplatform",
            "azure-ai-ml")  # fmt: skip
EXTRAS = {"boto3": "aws", "google-cloud-aiplatform": "gcp", "azure-ai-ml": "azure"}


@click.command()
@click.option("--online", is_flag=True, help="Ask each cloud of the settings who you are there.")
@options.results
@options.as_json
def doctor(online: bool, results: Path | str | None, as_json: bool) -> None:
    """Say what trainfare finds here. Shows no secret, and calls no service without --online.

    --online asks each cloud that has settings who is signed in, in which account, project or
    workspace, and whether role, bucket and compute exist; on Azure and Google Cloud also whether a
    permission is missing. It changes nothing there.
    """
    configured = settings.load()
    found = {
        "python": platform.python_version(),
        "packages": {name: _installed(name) for name in PACKAGES},
        "devices": _devices(),
        "credentials": _credentials(),
        "settings_file": str(configured.path) if configured.path else None,
        "settings_problems": _wrong(configured),
        "prices": _prices(),
        "results": _results(open_store(configured.results_folder(results))),
        "online": _online(configured) if online else None,
    }
    if as_json:
        output.print_json(**found)
    else:
        _show(found)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _devices() -> list[dict[str, Any]]:
    from bench import machine, nvml

    cpu = {
        "device": "cpu",
        "name": machine.cpu_name(),
        "cpu_count": machine.usable_cpu_count(),
        "memory_bytes": machine.memory_bytes(),
    }
    gpus = (nvml.gpu_info(i) for i in range(nvml.gpu_count()))
    return [cpu] + [
        {
            "device": f"cuda:{i}",
            "name": gpu.name,
            "memory_bytes": gpu.memory_bytes,
            "driver_version": gpu.driver_version,
        }
        for i, gpu in enumerate(gpus)
        if gpu
    ]


def _credentials() -> dict[str, str | None]:
    from cloud import credentials

    return {provider: credentials.found(provider) for provider in PROVIDER_NAMES}


def _wrong(configured: settings.Settings) -> list[str]:
    """What of the settings cannot be used, told before anybody waits for a measurement or a job."""
    from cloud.settings import from_table

    checks: list[Callable[[], object]] = [
        partial(from_table, provider, configured.table(provider)) for provider in PROVIDER_NAMES
    ]
    checks += [partial(configured.budget_usd, None), partial(pricing.billing, configured)]
    problems = []
    for check in checks:
        try:
            check()
        except TrainfareError as error:
            problems.append(str(error))
    return problems


def _online(configured: settings.Settings) -> dict[str, list[dict[str, Any]]]:
    """What each cloud with settings says; one that cannot be asked says why."""
    from results.codec import to_plain
    from trainfare import jobs, pricing

    clouds, answer = jobs.Clouds(configured), dict[str, list[dict[str, Any]]]()
    for provider in PROVIDER_NAMES:
        if not configured.table(provider):
            continue
        try:
            region = pricing.region_of(provider, None, configured)
            checks = [to_plain(check) for check in clouds.of(provider).checks(region)]
        except TrainfareError as error:
            checks = [{"name": "settings", "found": str(error), "good": False}]
        answer[provider] = checks
    return answer


def _prices() -> list[dict[str, Any]]:
    offers = pricing.catalog(())
    answer = []
    for provider, name in PROVIDER_NAMES.items():
        dates = sorted(o.as_of for o in offers if o.provider == provider)
        answer.append(
            {
                "service": name,
                "offers": len(dates),
                "oldest_as_of": dates[0],
                "newest_as_of": dates[-1],
                "newest_age_days": age_days(dates[-1]),
                "stale_offers": sum(map(is_stale, dates)),
            }
        )
    return answer


def _results(store: Store) -> dict[str, Any]:
    from results.records import Quote, Run

    runs, quotes = len(list(store.newest_first(Run))), len(list(store.newest_first(Quote)))
    folder, problems = str(store.folder), store.problems
    return {"folder": folder, "runs": runs, "quotes": quotes, "problems": problems}


def _show(found: dict[str, Any]) -> None:
    lines = [f"python                  {found['python']}"]
    for name, installed in found["packages"].items():
        extra = f" (pip install 'trainfare[{EXTRAS[name]}]')" if name in EXTRAS else ""
        lines.append(f"{name:<23} {installed or 'not installed' + extra}")
    for device in found["devices"]:
        memory = device["memory_bytes"]
        text = units.bytes_text(memory) if memory else "memory unknown"
        lines.append(f"{device['device']:<23} {device['name']}, {text}")
    if len(found["devices"]) == 1:
        lines.append("                        no NVIDIA GPU")
    for provider, place in found["credentials"].items():
        lines.append(f"{PROVIDER_NAMES[provider]:<23} credentials: {place or 'none found'}")
    for provider, checks in (found["online"] or {}).items():
        for check in checks:
            mark = "" if check["good"] else "! "
            lines.append(f"{mark}{PROVIDER_NAMES[provider]:<23} {check['name']}: {check['found']}")
    for prices in found["prices"]:
        lines.append(
            f"{prices['service']:<23} {prices['offers']} prices, as of {prices['oldest_as_of']} to "
            f"{prices['newest_as_of']}, {prices['stale_offers']} of them over 90 days old"
        )
    lines.append(f"settings                {found['settings_file'] or 'no trainfare.toml found'}")
    told = {check["found"] for checks in (found["online"] or {}).values() for check in checks}
    lines += [f"! {problem}" for problem in found["settings_problems"] if problem not in told]
    kept = found["results"]
    lines.append(
        f"results                 {kept['folder']}: {units.counted(kept['runs'], 'run')}, "
        f"{units.counted(kept['quotes'], 'quote')}"
    )
    lines += [f"! {problem}" for problem in kept["problems"]]
    for line in lines:
        output.print_line(line)
