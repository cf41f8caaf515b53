"""What the page's tests look at alike."""
import json

from .stack import ROOT
from playwright.sync_api import expect

AXE = (ROOT / "services/dashboard/web/node_modules/axe-core/axe.min.js").read_text()
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def faults(page):
    """What axe finds wrong, once nothing moves any more."""
    page.context.new_cdp_session(page).send("Page.setBypassCSP", {"enabled": True})
    page.evaluate(AXE)
    page.evaluate("Promise.allSettled(document.getAnimations().map(animation => animation.finished))")
    found = page.evaluate(f"axe.run(document, {json.dumps(RULES)})")["violations"]
    return [f"{v['id']}: {node['html'][:160]} {node.get('failureSummary', '')}" for v in found for node in v["nodes"][:3]]


def fits(page):
    """Nothing of the page sticks out at its side."""
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def rows(page):
    return page.locator("tbody tr[data-log]")


def open_list(page, world, tab="webhook", query=""):
    page.goto(f"/{tab}?lab={world.lab.id}{query}")
    expect(page.get_by_role("heading", name=tab.capitalize() if tab != "api" else "API", level=1)).to_be_visible()
