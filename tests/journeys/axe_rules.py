"""What axe is asked of a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]},
    "resultTypes": ["violations"],
}
"""All that a theme can change: it is an attribute of the document, and every rule of it sets a colour."""


def knowing_axe(context: BrowserContext) -> None:
    """Let a browser's pages know axe, by the browser's own door: the pages' policy lets no script in."""
    context.add_init_script(Axe().axe_script)


def violations(page: Page, rules: object = RULES) -> list[str]:
    """Return what axe finds, one line an element."""
    found = page.evaluate("rules => axe.run(rules)", rules)["violations"]
    return [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in found for node in rule["nodes"]]


def violations_in_both_themes(page: Page) -> list[str]:
    """Return what axe finds in a page as it stands, and what its colours are in the other theme."""
    theme = page.evaluate("document.documentElement.dataset.bsTheme")
    found = []
    for one, rules in (("light", RULES), ("dark", COLOURS)):
        page.evaluate("one => { document.documentElement.dataset.bsTheme = one; }", one)
        found += violations(page, rules)
    page.evaluate("one => { document.documentElement.dataset.bsTheme = one; }", theme)
    return found
