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
from estimators.live.http import PATIENCE_SECONDS, WAITS
from estimators.live.pages import ExpiredTokenError, Page, Part, Source
from estimators.live.row import FetchError, LiveRow, Piece, Shape

SERVICES = {"vertex": "services/C7E2-9256-1C43", "compute": "services/6F81-5844-456A"}
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
    shapes: Mapping[str, Shape], client: Any, patience_seconds: float = PATIENCE_SECONDS
) -> Source:
    """A part for Vertex AI and one for Compute Engine; `client` is a CloudCatalogClient.

    Raises FetchError where the catalog can't be read, is empty or contradicts itself.
    """
    parts = [
        Part(name=name, page=partial(_page, client, name, patience_seconds)) for name in SERVICES
    ]
    return Source(
        origin=client.transport.host,
        parts=parts,
        rows=lambda found: list(_machines(_rates(found), shapes)),
    )


def client(address: str | None = None) -> Any:
    """A client of the catalog with the user's own credentials. Raises FetchError without any."""
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.billing_v1 import CloudCatalogClient

    try:
        options = {"api_endpoint": address} if address else None
        return CloudCatalogClient(transport="rest", client_options=options)
    except GoogleAuthError as error:
        raise FetchError(f"Google's price catalog needs credentials: {error}") from None


def _page(client: Any, name: str, patience_seconds: float, token: str | None) -> Page:
    """The unit prices of a page of one service's catalog that machines are put together from."""
    from google.api_core.exceptions import GoogleAPIError, InvalidArgument
    from google.api_core.retry import Retry
    from google.auth.exceptions import GoogleAuthError
    from google.protobuf.json_format import ParseError

    asked = {"parent": SERVICES[name], "page_token": token or ""}
    first = patience_seconds / WAITS  # 429, 500 and 503 are retried, after twice as long each time
    try:
        patiently = Retry(initial=first, timeout=patience_seconds)
        page = next(client.list_skus(request=asked, retry=patiently).pages)
    except InvalidArgument as error:
        raise ExpiredTokenError(f"Google's price catalog can't be read: {error}") from None
    except (GoogleAPIError, GoogleAuthError, ParseError, ValueError, OSError) as error:
        raise FetchError(f"Google's price catalog can't be read: {error}") from None
    if not (page.skus or page.next_page_token or token):
        raise FetchError(f"Google's price catalog of {name} is empty.")
    found = [piece for sku in page.skus for piece in _pieces(sku, name)]
    return Page(pieces=found, token=page.next_page_token or None)


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
