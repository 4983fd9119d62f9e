"""Which offers of a quote are shown."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from results.records import Estimate, Quote
from results.shown import best_of_each, placed, shown_offers
from results.statistics import Interval

MakeEstimate = Callable[..., Estimate]


def test_best_of_each_service(make_estimate: MakeEstimate) -> None:
    ranking = [
        make_estimate(provider="aws", instance_type="a"),
        make_estimate(provider="aws", instance_type="a", region="eu-west-1"),  # the same, dearer
        make_estimate(provider="aws", instance_type="a", allocation="spot"),
        make_estimate(provider="aws", instance_type="b"),  # a third of one service
        make_estimate(provider="gcp", instance_type="c"),
    ]
    found = best_of_each(ranking, top=2)
    assert found == [0, 2, 4]
    assert best_of_each(ranking, top=0) == []
    assert len(best_of_each(ranking, top=9)) == 4


def test_places_are_kept_or_counted(
    make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    one, two = make_estimate(), make_estimate(region="eu-west-1")
    assert placed(make_quote(one, two)) == [(1, one), (2, two)]
    assert placed(replace(make_quote(one, two), places=(1, 40))) == [(1, one), (40, two)]


def test_undominated_ones_are_shown_where_something_was_asked(
    make_quote: Callable[..., Quote], make_estimate: MakeEstimate
) -> None:
    def taking(seconds: float) -> Any:
        time = Interval(low=seconds, mid=seconds, high=seconds)
        return replace(make_estimate(), seconds=time)

    quote = make_quote(taking(100), taking(95), taking(50), taking(80), taking(40))
    quote = replace(quote, undominated=(1, 2, 3, 5))
    assert [place for place, _ in shown_offers(quote, 1)] == [1]
    asked = replace(quote, deadline_seconds=1000.0)
    # 2 is less than a tenth faster than 1, and 4 is beaten by 3
    assert [place for place, _ in shown_offers(asked, 1)] == [1, 3, 5]
