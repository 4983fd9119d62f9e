"""A bill apart from its rate: what each line comes to on an offer, worked by hand."""

from decimal import Decimal

from results.all_offers import AllOffers
from results.bill_lines import BillLine
from tests.results.conftest import span, usd
from tests.results.html.conftest import brief_offer


def line(**given: object) -> BillLine:
    plain: dict[str, object] = {
        "name": "training",
        "seconds": span(1, 2, 4),
        "billed_seconds": span(1800, 3600, 7200),
        "billed_by": "SageMaker",
        "evidence": "projected",
    }
    return BillLine(**plain | given)  # type: ignore[arg-type]


def test_what_is_billed_by_the_hour_and_what_is_not() -> None:
    hourly = line().item(Decimal("0.8"), nodes=3)
    assert hourly.usd == usd("1.2", "2.4", "4.8")
    assert hourly.seconds == span(1, 2, 4)  # what is waited for, whatever of it is billed
    fixed = line(fixed_usd=usd("0.1", "0.2", "0.3"))
    assert fixed.item(Decimal("0.8"), nodes=3).usd == usd("0.1", "0.2", "0.3")
    third = line(billed_seconds=span(1, 1, 1)).item(Decimal("0.001"), nodes=1)
    assert third.usd.mid == Decimal("0.000000")  # 2.8e-7, to a millionth


def test_offers_share_lines_and_have_rates_of_their_own() -> None:
    cheap = brief_offer(1, usd_per_hour=Decimal(1), bill=0)
    dear = brief_offer(2, usd_per_hour=Decimal(4), bill=0, billed_usd_per_hour=Decimal(2))
    kept = AllOffers(quote_id="q", captured_at="now", estimates=(cheap, dear), bills=((line(),),))
    assert [kept.items(o)[0].usd.mid for o in kept.estimates] == [Decimal(1), Decimal(2)]


def test_what_is_not_on_record_has_no_bill() -> None:
    for bill in (None, 7, -1):
        offer = brief_offer(1, bill=bill)
        assert AllOffers(quote_id="q", captured_at="now", estimates=(offer,)).items(offer) == ()
