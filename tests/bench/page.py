"""The page's first load in Chromium: bytes over the wire, and how long until the first row can be opened.

    ./dev bench page [--loads 20]

A cold load has an empty cache, as after a new build; a warm one has the files, and asks for the page and its data alone.
"""
import argparse
import json
import os
import statistics
from pathlib import Path

from fleet.dashboard import add_user
from fleet.events import Publisher
from fleet.stack import Stack
from fleet.world import World
from partners import Partner
from playwright.sync_api import sync_playwright

EXECUTABLE = os.environ.get("CHROMIUM", "/usr/bin/chromium")
ROWS, BYTES, MS = 50, 250 * 1024, 1000
# A row is drawn together with what it answers to.
WATCH = """new MutationObserver((_, self) => {
    if (document.querySelector('tr[data-log]')) { window.readyAt = performance.now(); self.disconnect(); }
}).observe(document, {childList: true, subtree: true});"""
SIZES = """performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
    .filter(entry => !entry.name.includes('/api/')).reduce((sum, entry) => sum + entry.transferSize, 0)"""


def make_rows(stack):
    world = World(stack, Publisher(stack))
    with Partner() as partner:
        row = world.row(1, partner.url())
        for event in [world.bill_event() for _ in range(ROWS)]:
            world.wait_log(event, row)
    return world.lab.id


def log_in(browser, base, login, password):
    context = browser.new_context(base_url=base)
    page = context.new_page()
    page.goto("/")
    page.get_by_label("Name").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("navigation", name="Pages").wait_for()
    state = context.storage_state()
    context.close()
    return state


def load(page, lab):
    page.goto(f"/webhook?lab={lab}")
    page.locator("tr[data-log]").first.wait_for()
    return page.evaluate("window.readyAt"), page.evaluate(SIZES)


def measure(browser, base, state, lab, loads):
    cold, warm, sizes = [], [], []
    for _ in range(loads):
        context = browser.new_context(base_url=base, storage_state=state)
        page = context.new_page()
        page.add_init_script(WATCH)
        ms, size = load(page, lab)
        cold.append(ms)
        sizes.append(size)
        warm.append(load(page, lab)[0])
        context.close()
    return cold, warm, max(sizes)


def summary(times):
    return {"median_ms": round(statistics.median(times)), "p95_ms": round(sorted(times)[int(0.95 * (len(times) - 1))])}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=20)
    loads = parser.parse_args().loads
    stack = Stack()
    lab = make_rows(stack)
    base = stack.env["DASHBOARD_URL"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=["--no-sandbox"])
        cold, warm, size = measure(browser, base, log_in(browser, base, *add_user("viewer")), lab, loads)
        browser.close()
    result = {"first_load_bytes": size, "cold": summary(cold), "warm": summary(warm), "loads": loads}
    print(f"first load    {size / 1024:8.1f} KB over the wire (at most {BYTES // 1024})")
    for name in ("cold", "warm"):
        print(f"{name:13} {result[name]['median_ms']:8} ms until the first row, p95 {result[name]['p95_ms']} (at most {MS})")
    if "BENCH_JSON" in os.environ:
        Path(os.environ["BENCH_JSON"]).write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
