"""Google's Cloud Billing catalog: machines put together from the SKUs of their cores, memory, GPUs.

On demand the training SKUs of Vertex AI, which hold the management fee; where there is none, and
for spot, Compute Engine and the fee (see `estimators.billing.gcp`). Traps: fee SKUs, which are
never added; DWS Defined Duration; commitments and custom machines; other currencies; $0.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from estimators.billing.gcp import spot_usd_per_hour, training_usd_per_hour
from estimators.live.row import (
    MAX_PAGES,
    FetchError,
    LiveRow,
    Part,
    Piece,
    Progress,
    Shape,
    Source,
)

SERVICES = {"vertex": "services/C7E2-9256-1C43", "compute": "services/6F81-5844-456A"}
BACKOFF_SECONDS, PATIENCE_SECONDS = 1.0, 60.0  # between retries, growing; and in all
SOURCE = "Cloud Billing Catalog API"
_PLACE = r"(?: running)? in (?P<place>[^,]+)$"
_VERTEX = re.compile(r"Vertex AI: Training/Pipelines on (?P<what>.+?)" + _PLACE)
_COMPUTE = re.compile(
    r"(?:Spot Preemptible )?(?P<what>.+?)(?: attached to Spot Preemptible VMs)?" + _PLACE
)
_NOT_OURS = re.compile(
    r"DWS|Defined Duration|Custom|Commitment|Sole Tenancy|Reserv|Premium|management fee|Calendar",
    re.IGNORECASE,
)
_CORE_OR_RAM = re.compile(
    r"(?P<family>N1 Predefined Instance|Compute optimized|[A-Z]\d\w* (?:Predefined )?Instance) "
    r"(?P<part>Core|Ram|RAM)"
)
_GPU = re.compile(r"(?:NVIDIA|Nvidia) (?:Tesla )?(?P<name>.+?)(?: GPU)?")
GPUS = {
    "A100": "A100", "A100 80GB": "A100-80GB", "H100 80GB": "H100", "H100 80GB Plus": "H100-MEGA",
    "H100 80GB Mega": "H100-MEGA", "L4": "L4",
}  # fmt: skip
UNITS = {"core": ("h",), "ram": ("GiBy.h", "GiB.h"), "gpu": ("h",)}
Rates = dict[tuple[str, str, str, str], Decimal]  # market, part, name, region


def source(
    shapes: Mapping[str, Shape],
    progress: Progress,
    client: Any = None,
    address: str | None = None,
) -> Source:
    """A part for Vertex AI and one for Compute Engine; `client` is a CloudCatalogClient.

    Raises FetchError where the catalog can't be read, is empty or contradicts itself.
    """
    made = client or _client(address)
    parts = [Part(name=name, fetch=partial(_fetched, made, name, progress)) for name in SERVICES]
    return Source(parts=parts, rows=lambda found: list(_machines(_rates(found), shapes)))


def _client(address: str | None) -> Any:
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.billing_v1 import CloudCatalogClient

    try:
        options = {"api_endpoint": address} if address else None
        return CloudCatalogClient(transport="rest", client_options=options)
    except GoogleAuthError as error:
        raise FetchError(f"Google's price catalog needs credentials: {error}") from None


def _fetched(client: Any, name: str, progress: Progress) -> list[Piece]:
    """The unit prices of one service's catalog that machines are put together from."""
    from google.api_core.exceptions import GoogleAPIError
    from google.api_core.retry import Retry
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import ParseError

    found: list[Piece] = []
    tokens: set[str] = set()
    count = 0
    try:
        patiently = Retry(initial=BACKOFF_SECONDS, timeout=PATIENCE_SECONDS)  # 429, 500, 503
        pages = client.list_skus(parent=SERVICES[name], retry=patiently).pages
        for number, page in enumerate(pages, start=1):
            progress(f"{name} page {number}", 0.0)
            if page.next_page_token in tokens or number > MAX_PAGES:
                raise FetchError("Google's price catalog repeats a page.")
            tokens |= {page.next_page_token} - {""}
            count += len(page.skus)
            found += [piece for sku in page.skus for piece in _pieces(sku, name)]
    except (GoogleAPIError, GoogleAuthError, ParseError, ValueError, OSError) as error:
        raise FetchError(f"Google's price catalog can't be read: {error}") from None
    if not count:
        raise FetchError(f"Google's price catalog of {name} is empty.")
    return found


def _pieces(sku: Any, service: str) -> Iterator[Piece]:
    usage, text = sku.category.usage_type, sku.description
    if usage not in ("OnDemand", "Preemptible") or _NOT_OURS.search(text):
        return
    found = (_VERTEX if service == "vertex" else _COMPUTE).match(text)
    part, name = _part(found["what"]) if found else ("", "")
    if not part or not sku.pricing_info:
        return
    expression = sku.pricing_info[-1].pricing_expression
    usd = _unit_usd(expression)
    if usd is None or expression.usage_unit not in UNITS[part]:
        return
    market = service if usage == "OnDemand" else f"{service} spot"
    for region in sku.service_regions:
        yield {
            "market": market, "part": part, "name": name, "region": region, "usd": str(usd),
            "sku": sku.sku_id,
        }  # fmt: skip


def _part(what: str) -> tuple[str, str]:
    """`N1 Predefined Instance Core` → core of n1, `NVIDIA H100 80GB` → gpu H100; else nothing."""
    if found := _CORE_OR_RAM.fullmatch(what):
        words = found["family"]
        family = "c2" if words == "Compute optimized" else words.split()[0].casefold()
        return ("core" if found["part"] == "Core" else "ram"), family
    if (found := _GPU.fullmatch(what)) and found["name"] in GPUS:
        return "gpu", GPUS[found["name"]]
    return "", ""


def _unit_usd(expression: Any) -> Decimal | None:
    """units + nanos / 10⁹ of the last tier; None for $0 and for other currencies."""
    if not expression.tiered_rates:
        return None
    money = expression.tiered_rates[-1].unit_price
    if money.currency_code != "USD":
        return None
    usd = Decimal(money.units) + Decimal(money.nanos).scaleb(-9)
    return usd if usd > 0 else None


def _rates(found: list[Piece]) -> Rates:
    rates: Rates = {}
    for piece in found:
        key = (piece["market"], piece["part"], piece["name"], piece["region"])
        usd = Decimal(piece["usd"])
        if rates.setdefault(key, usd) != usd:
            raise FetchError(
                f"Google prices {' '.join(key)} at {rates[key]} and at {usd} (SKU {piece['sku']})."
            )
    return rates


def _machines(rates: Rates, shapes: Mapping[str, Shape]) -> Iterator[LiveRow]:
    regions = sorted({region for *_, region in rates})
    today = datetime.now(UTC).date().isoformat()
    for name, shape in shapes.items():
        for region in regions:
            compute = _sum(rates, "compute", name, region, shape)
            spot = _sum(rates, "compute spot", name, region, shape)
            vertex = _sum(rates, "vertex", name, region, shape)
            on_demand = vertex or (compute and training_usd_per_hour(compute))
            if on_demand:
                yield LiveRow(
                    instance_type=name, region=region, allocation="on_demand",
                    usd_per_hour=on_demand, basis="published" if vertex else "derived",
                    source=f"{SOURCE}, {'Vertex AI training' if vertex else 'Compute Engine'} SKUs",
                    as_of=today, notes="" if vertex else "15% management fee",
                )  # fmt: skip
            if spot and compute:
                yield LiveRow(
                    instance_type=name, region=region, allocation="spot",
                    usd_per_hour=spot_usd_per_hour(spot, compute), basis="derived",
                    source=f"{SOURCE}, Compute Engine SKUs", as_of=today,
                    notes="Compute Engine spot + 15% of the Compute Engine on-demand price",
                )  # fmt: skip


def _sum(rates: Rates, market: str, machine: str, region: str, shape: Shape) -> Decimal | None:
    """vCPUs × core + GiB × RAM + GPUs × GPU; None where one of them has no rate there."""
    family = _family(machine)
    wanted = [("core", family, Decimal(shape.vcpus)), ("ram", family, _exact(shape.memory_gib))]
    if shape.accelerator:
        wanted.append(("gpu", shape.accelerator, _exact(shape.accelerator_count)))
    total = Decimal(0)
    for part, name, count in wanted:
        usd = rates.get((market, part, name, region))
        if usd is None:
            return None
        total += usd * count
    return total


def _family(machine: str) -> str:
    return "a3plus" if machine.startswith("a3-mega") else machine.partition("-")[0]


def _exact(number: float) -> Decimal:
    return Decimal(str(number))
