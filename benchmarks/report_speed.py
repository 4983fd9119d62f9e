"""How fast the report is in a real browser: first paint, chart drawn, and answer to a filter.

    python -m benchmarks.report_speed [OFFERS]

Opens a page of 2,000 offers seven times in headless Chromium. Times are the browser's own
(performance.now and its paint entries); a filter's lasts from the event to the frame after it.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from results.html.page import html
from tests.results.html.conftest import ARGS, CHROMIUM, full_content

LOADS = 7
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
DRAWN = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(
    () => done(performance.now()))))"""
FILTER = """async ([id, value]) => {
    const field = document.getElementById(id);
    const begun = performance.now();
    field.value = value;
    field.dispatchEvent(new Event('input', { bubbles: true }));
    const handled = performance.now() - begun;
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return [handled, performance.now() - begun];
}"""
CHANGES = [("budget", "5"), ("gpu", "T4"), ("gpu", ""), ("budget", ""), ("spot", "0"), ("spot", "")]


def measure(page: Page, address: str) -> dict[str, list[float]]:
    """One load and all filter changes, in milliseconds."""
    page.goto(address)
    drawn = page.evaluate(DRAWN)
    found = {"first paint": [page.evaluate(PAINT)], "loaded and drawn": [drawn]}
    answers = [page.evaluate(FILTER, list(change)) for change in CHANGES]
    found["filter, until handled"] = [handled for handled, _ in answers]
    found["filter, until the next frame"] = [framed for _, framed in answers]
    return found


def main() -> None:
    """Print median and worst of each."""
    if CHROMIUM is None:
        sys.exit("No Chromium here. Debian: apt-get install chromium-headless-shell")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder) / "report.html"
        path.write_text(html(full_content(count)), encoding="utf-8")
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=list(ARGS), chromium_sandbox=False
        )
        print(f"{count:,} offers, {path.stat().st_size / 1e6:.1f} MB, Chromium {browser.version}")
        for _ in range(LOADS):
            page = browser.new_page()
            for name, values in measure(page, path.as_uri()).items():
                times.setdefault(name, []).extend(values)
            page.close()
        browser.close()
    for name, values in times.items():
        print(f"{name:29} median {statistics.median(values):5.0f} ms, worst {max(values):5.0f} ms")


if __name__ == "__main__":
    main()
