"""The page as text: its policy admits just its own scripts, and its data can't end its element."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results.all_offers import brief
from results.html import offers
from results.html.offers import offers_data
from results.html.page import data_text, html
from tests.results.html.conftest import CASES, build_answer, data_of, full_content


def hashes(page: str, tag: str) -> list[str]:
    texts = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]


def test_the_policy_names_exactly_what_is_there() -> None:
    page = html(full_content())
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    rules = {p.split()[0]: p.split()[1:] for p in policy.replace("&#39;", "'").split(";")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert rules["script-src"] == hashes(page, "script")
    assert rules["style-src"] == hashes(page, "style")
    assert len(rules["script-src"]) == 2


@pytest.mark.parametrize("case", CASES)
def test_no_address_outside(case: str) -> None:
    page = html(CASES[case]())
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.findall(r"""(?:src|href)=["'](?!#)""", outside)
    assert "url(" not in outside
    assert len(page.encode()) < 6_000_000


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_any_data_reads_back_and_never_leaves_its_element(data: object) -> None:
    text = data_text(data)
    assert json.loads(text) == data
    assert not set("<>&\u2028\u2029") & set(text)


def test_very_many_offers_fit() -> None:
    content = full_content()
    answers = tuple(build_answer(2000, name=f"net-{i}") for i in range(12))
    many = type(content)(made_at=content.made_at, runs=content.runs, answers=answers)
    page = html(many)
    assert len(page.encode()) < 6_000_000
    found = data_of(page)["workloads"]
    assert [len(w["offers"]) for w in found] == [offers.MOST_OFFERS // 12] * 12
    assert found[0]["leftOut"] == 2000 - len(found[0]["offers"])


def test_rows_are_in_the_order_that_the_script_names() -> None:
    script = resources.files("results.html").joinpath("offers.js").read_text(encoding="utf-8")
    (named,) = re.findall(r"const FIELDS = \[(.*?)\];", script, re.DOTALL)
    fields = re.findall(r"'(\w+)'", named)
    (workload,) = data_of(html(full_content(3)))["workloads"]
    row = dict(zip(fields, workload["offers"][1], strict=True))
    assert (row["service"], row["instance"], row["region"]) == (
        "Vertex AI", "ml.n1.xlarge", "region-1",
    )  # fmt: skip
    assert (row["gpu"], row["accelerator"], row["spot"]) == ("1×T4", "T4", 0)
    assert (row["rate"], row["usdPerHour"], row["cost"]) == ("0.51", 0.51, "$0.06–0.22")
    assert (row["sLow"], row["sMid"], row["sHigh"]) == (1800, 3601, 7202)
    assert (row["uLow"], row["uMid"], row["uHigh"]) == (0.055, 0.11, 0.22)
    assert workload["bills"][row["bill"]] == [
        ["start-up", "1.0–4.0 min"],
        ["training", "0.5–2.0 h"],
    ]
    assert row["amounts"] == ["$0.010–0.040", "$0.26–1.02"]


def test_every_offer_has_its_bill_and_old_records_only_those_of_the_best() -> None:
    answer = build_answer(40)
    assert answer.offers is not None
    (found,) = offers_data([answer])
    assert [row[-2] for row in found["offers"]] == [0] * 40
    assert len({tuple(row[-1]) for row in found["offers"]}) == 40  # each at its own rate
    best = replace(brief(answer.quote.estimates[0]), bill=None)
    unknown = replace(best, instance_type="other")
    old = replace(answer.offers, estimates=(best, unknown), bills=())
    (found,) = offers_data([replace(answer, offers=old)])
    assert [row[-1] for row in found["offers"]] == [["$0.05–0.20"] * 2, []]
    assert [row[-2] for row in found["offers"]] == [0, None]


def test_the_library_is_the_released_one() -> None:
    library = resources.files("results.html").joinpath("vendor/echarts.min.js").read_bytes()
    assert hashlib.sha256(library).hexdigest() == ECHARTS_6_1_0
    assert b"</script" not in library


# Of dist/echarts.min.js in the npm package echarts.
ECHARTS_6_1_0 = "b66b25aeb4df84e33199dc21694014d336d222cbd9deb0e5a7c14bd6aa0d0fd0"
