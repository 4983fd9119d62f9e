"""The page in a real browser: filters, hover, keys, themes, narrow screens, paper and attackers."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import DEFAULT_OPTIONS, Axe

from results.content import Content
from results.records import GpuReading
from tests.results.conftest import build_estimate, build_quote, build_run, build_workload
from tests.results.html.conftest import (
    CASES,
    MADE_AT,
    Sheet,
    brief_offer,
    build_answer,
    full_content,
    gpu_content,
    past_job,
    phases,
)

Show = Callable[..., Sheet]
HOSTILE = "</script><script>window.pwned=1</script><img src=x onerror=window.pwned=1>"
SCATTER = "echarts.getInstanceByDom(document.getElementById('scatter'))"


# A thousand records are no other page than thirty, and axe takes as long for them as for all else.
@pytest.mark.parametrize("case", [case for case in CASES if case != "a thousand records"])
def test_every_case_in_both_themes_is_accessible(show: Show, case: str) -> None:
    sheet = show(CASES[case](), width=1600)
    # Themes differ in colours alone, so only those are looked at again.
    for scheme, options in (("light", {}), ("dark", {"runOnly": ["color-contrast"]})):
        sheet.page.emulate_media(color_scheme=scheme)
        found = Axe().run(sheet.page, options=DEFAULT_OPTIONS | options)
        assert found.violations_count == 0, found.generate_report()
    assert sheet.complaints == []
    assert all(url.startswith("file://") for url in sheet.requests)
    assert sheet.page.evaluate("document.documentElement.scrollWidth") <= 1600


@pytest.mark.parametrize("case", CASES)
def test_a_narrow_screen(show: Show, case: str) -> None:
    sheet = show(CASES[case](), width=360)
    sheet.page.wait_for_timeout(50)
    assert sheet.page.evaluate("document.documentElement.scrollWidth") <= 360
    assert sheet.complaints == []


def test_axe_and_folded_filters_on_a_narrow_screen(show: Show) -> None:
    sheet = show(full_content(), width=360)
    assert sheet.page.is_hidden("#filters")
    sheet.page.focus("#filter-box summary")
    sheet.page.keyboard.press("Enter")
    assert sheet.page.is_visible("#filters")
    found = Axe().run(sheet.page)
    assert found.violations_count == 0, found.generate_report()


def test_filters_hold_for_chart_and_table(show: Show) -> None:
    sheet = show(full_content(30))
    page = sheet.page
    assert sheet.count == "30 of 30 offers"
    page.uncheck("#clouds input[value=aws]")
    assert sheet.count == "20 of 30 offers"
    assert {row[4] for row in sheet.rows()} == {"Vertex AI", "Azure ML"}
    assert drawn(sheet) == 20
    page.select_option("#gpu", "T4")
    assert {row[6] for row in sheet.rows()} == {"1×T4"}
    page.click("#show-all")
    assert sheet.count == "30 of 30 offers"
    page.select_option("#spot", "1")
    assert sheet.count == "6 of 30 offers"
    assert all(row[3].endswith(" spot") for row in sheet.rows())
    page.select_option("#region", "region-5")
    assert [row[0] for row in sheet.rows()] == ["6", "26"]
    assert drawn(sheet) == 2


def drawn(sheet: Sheet) -> int:
    """Marks in the chart."""
    script = f"{SCATTER}.getOption().series.filter(s => /^(aws|gcp|azure) /.test(s.id))"
    found: int = sheet.page.evaluate(f"{script}.reduce((n, s) => n + s.data.length, 0)")
    return found


@pytest.mark.parametrize(
    ("deadline", "budget", "count"),
    [
        ("10m", "", sum(2 * (7200 / (1 + p % 50) + p) <= 600 for p in range(30))),
        ("0.5h", "", sum(2 * (7200 / (1 + p % 50) + p) <= 1800 for p in range(30))),
        ("", "0.40", 11),
        ("", "$0.40", 11),
        ("1s", "0.40", 0),
    ],
)
def test_deadline_and_budget_mean_the_upper_end(
    show: Show, deadline: str, budget: str, count: int
) -> None:
    sheet = show(full_content(30))
    sheet.page.fill("#deadline", deadline)
    sheet.page.fill("#budget", budget)
    assert sheet.count == f"{count} of 30 offers"
    assert len(sheet.rows()) == min(count, 15)


def test_what_is_no_duration_is_marked_and_not_used(show: Show) -> None:
    sheet = show(full_content(30))
    sheet.page.fill("#deadline", "soon")
    assert sheet.page.get_attribute("#deadline", "aria-invalid") == "true"
    assert sheet.count == "30 of 30 offers"
    sheet.page.fill("#deadline", "1d")
    assert sheet.page.get_attribute("#deadline", "aria-invalid") == "false"


def test_hover_shows_the_bill(show: Show) -> None:
    sheet = show(full_content(30))
    offer = brief_offer(7)
    at = [offer.seconds.mid, float(offer.usd.mid)]
    x, y = sheet.page.evaluate(f"{SCATTER}.convertToPixel({{gridIndex: 0}}, {at})")
    sheet.page.hover("#scatter", position={"x": x, "y": y})
    bill = sheet.page.wait_for_selector(".bubble")
    assert bill is not None
    text = bill.inner_text()
    assert "8. Vertex AI ml.n7.xlarge, region-7" in text
    assert re.search(r"start-up\s+1\.0–4\.0 min\s+\$0.010–0.040", text)
    assert re.search(r"training\s+0\.5–2\.0 h\s+\$0.28–1.14", text)
    inside = "box => box.querySelector('table').scrollWidth <= box.clientWidth"
    assert sheet.page.eval_on_selector(".bubble", inside)
    sheet.page.mouse.down()
    sheet.page.mouse.up()
    assert "ml.n7.xlarge" in sheet.page.inner_text("#spoken")  # stays, to be copied


def test_without_a_mouse(show: Show) -> None:
    sheet = show(full_content(30))
    page = sheet.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.innerText") == "Skip to the figures"
    page.focus("#scatter")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#spoken").startswith("1. SageMaker ml.n0.xlarge spot, region-0: $0.05")
    page.keyboard.press("ArrowRight")
    assert "Bill: start-up $0.010–0.040, training $0.26–1.02" in page.inner_text("#spoken")
    page.keyboard.press("End")
    assert page.inner_text("#spoken").startswith("30. ")
    page.keyboard.press("Escape")
    assert page.inner_text("#spoken") == ""
    page.focus("#offer-table th:nth-child(3) button")
    page.keyboard.press("Enter")
    assert page.get_attribute("#offer-table th:nth-child(3)", "aria-sort") == "ascending"
    places = [int(row[0]) for row in sheet.rows()]
    by_time = sorted(range(1, 31), key=lambda place: brief_offer(place - 1).seconds.mid)
    assert places == by_time[:15]
    page.focus(".more")
    page.keyboard.press("Enter")
    assert len(sheet.rows()) == 30
    assert page.is_hidden(".more")


def test_dark_mode_follows_the_system(show: Show) -> None:
    sheet = show(full_content(), color_scheme="dark")
    ink = f"{SCATTER}.getOption().xAxis[0].axisLabel.color"
    dark = sheet.page.evaluate(ink)
    assert sheet.page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(20, 24, 29)"
    )
    sheet.page.emulate_media(color_scheme="light")
    for _ in range(100):  # the page hears of it in its own time
        if sheet.page.evaluate(ink) != dark:
            return
        sheet.page.wait_for_timeout(50)
    pytest.fail("the chart kept its dark ink")


def test_paper(show: Show) -> None:
    sheet = show(full_content(), color_scheme="dark")
    page = sheet.page
    page.evaluate("""addEventListener('beforeprint', () => {
        window.ink = getComputedStyle(document.documentElement).getPropertyValue('--paper');
        const all = [...document.querySelectorAll('canvas')];
        window.widest = Math.max(...all.map(c => c.clientWidth));
    })""")
    assert page.pdf(format="A4", print_background=True).startswith(b"%PDF")
    assert page.evaluate("window.ink") == "#ffffff"  # drawn light, whatever the screen is
    assert page.evaluate("window.widest") <= 680  # what an A4 page has room for
    assert not page.evaluate("document.documentElement.classList.contains('paper')")
    page.emulate_media(media="print")
    assert page.is_hidden("#filters")
    assert page.is_visible("#offer-table")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


def test_nothing_from_records_runs(show: Show) -> None:
    work = build_workload(name=HOSTILE)
    run = build_run(
        name=HOSTILE, device_name=HOSTILE, warnings=(HOSTILE,), commit=HOSTILE,
        measurements=(*phases(), *phases()), metrics=((HOSTILE, 1.0),),
    )  # fmt: skip
    answer = build_answer(3, run, name=HOSTILE)
    hostile = build_quote(
        build_estimate(work, instance_type=HOSTILE, region=HOSTILE, source=HOSTILE,
                       assumptions=(HOSTILE,)),
        left_out=((HOSTILE, 1),),
    )  # fmt: skip
    content = Content(
        made_at=MADE_AT,
        runs=(run, run),
        answers=(type(answer)(quote=hostile, run=run), answer),
        jobs=(past_job(HOSTILE, "0.3"),),
        problems=(HOSTILE,),
    )
    sheet = show(content)
    page = sheet.page
    page.focus("#scatter")
    page.keyboard.press("ArrowRight")
    page.hover("#scatter")
    page.wait_for_timeout(50)
    assert HOSTILE in page.inner_text("#spoken")
    assert HOSTILE in page.inner_text(".answers")
    assert page.evaluate("window.pwned") is None
    assert page.locator("script").count() == 3
    assert page.locator("img").count() == 0
    assert sheet.complaints == []


def test_the_policy_holds_even_if_markup_got_in(show: Show) -> None:
    sheet = show(full_content())
    sheet.page.evaluate("""() => {
        const bad = document.createElement('script');
        bad.textContent = 'window.pwned = 1';
        document.body.append(bad);
        const image = document.createElement('img');
        image.src = 'https://example.invalid/x.png';
        document.body.append(image);
    }""")
    sheet.page.wait_for_timeout(50)
    assert sheet.page.evaluate("window.pwned") is None
    refused = [text for text in sheet.complaints if "Content Security Policy" in text]
    assert [directive for text in refused for directive in ("script-src", "img-src")
            if f"directive: \"{directive}" in text or f"'{directive}' was not" in text]  # fmt: skip
    assert len(refused) == 2


def test_two_thousand_offers(show: Show) -> None:
    sheet = show(full_content(2000))
    assert sheet.count == "2,000 of 2,000 offers"
    assert drawn(sheet) == 2000
    sheet.page.fill("#budget", "1")
    assert sheet.count == "41 of 2,000 offers"
    assert drawn(sheet) == 41


def test_workloads_are_picked(show: Show) -> None:
    sheet = show(CASES["a thousand records"]())
    assert sheet.page.locator("#pick option").count() == 10
    sheet.page.select_option("#pick", label="net-7")
    sheet.page.focus("#scatter")
    sheet.page.keyboard.press("Home")
    assert sheet.count == "200 of 200 offers"
    assert sheet.complaints == []


def test_where_scripts_are_off(show: Show) -> None:
    page = show(full_content(), java_script_enabled=False).page
    assert page.is_visible("#static-offers")
    assert page.locator("#static-offers tbody tr").count() == 15
    assert page.is_hidden("#filters")
    assert page.is_hidden("#scatter")


def test_every_chart_has_its_table(show: Show) -> None:
    gpu = GpuReading(
        utilization_percent=91.5, power_watts=None, sm_clock_mhz=None, memory_used_bytes=None
    )
    page = show(gpu_content(gpu)).page
    assert "GPU: utilisation 92%, power unknown" in page.inner_text("#sure")
    page = show(full_content()).page
    names: Any = page.eval_on_selector_all("[data-chart]", "all => all.map(e => e.dataset.chart)")
    assert names == [
        "time", "money", "sweep", "together", "energy", "blocks", "history", "accuracy",
    ]  # fmt: skip
    for name in names:
        assert page.locator(f"#{name} table tbody tr").count() > 0, name
        assert page.evaluate(f"document.querySelector('[data-chart={name}] canvas').width") > 0
