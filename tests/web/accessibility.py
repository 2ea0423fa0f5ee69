"""What axe-core has against a page by WCAG 2.2 AA, without asking twice what cannot answer otherwise.

Contrast takes most of its time and depends on a text's style and what it stands on, nothing else: each such combination
is judged where it comes up first. All other rules look at every page as a whole.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import BrowserContext, Page

DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SEEN = ((DESK, "light"), (PHONE, "dark"))
"""Colours come from the same names at every size, and `test_colours.py` holds all of them against each other."""
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ASKED = """async ([tags, known]) => {
    const options = {resultTypes: ["violations"], preload: false}
    const seen = new Set(known), grounds = new Map([[null, ""]])
    const ground = element => {
        if (!grounds.has(element)) {
            const style = getComputedStyle(element), placed = style.position !== "static"
            const own = [style.backgroundColor, style.backgroundImage, style.opacity, style.filter].join()
            const plain = own === "rgba(0, 0, 0, 0),none,1,none" && !placed
            const name = placed ? `${element.tagName}.${element.getAttribute("class")}:` : ""
            grounds.set(element, ground(element.parentElement) + (plain ? "" : `|${name}${own}`))
        }
        return grounds.get(element)
    }
    const says = element => element.matches("input, select, textarea") ||
        [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
    const fresh = [...document.body.querySelectorAll("*")].filter(element => {
        if (!says(element) || !element.checkVisibility()) return false
        const style = getComputedStyle(element)
        const look = [element.tagName, element.getAttribute("class"), element.matches(":disabled"), style.color,
            style.fontSize, style.fontWeight, style.textShadow, ground(element)].join()
        return !seen.has(look) && seen.add(look)
    })
    const rules = {"color-contrast": {enabled: false}, "target-size": {enabled: true}}
    const found = await axe.run({...options, rules, runOnly: {type: "tag", values: tags}})
    const contrast = fresh.length === 0 ? {violations: []} :
        await axe.run({include: fresh}, {...options, runOnly: {type: "rule", values: ["color-contrast"]}})
    const told = [...found.violations, ...contrast.violations].map(
        each => `${each.id}: ${each.nodes.slice(0, 3).map(node => node.target.join(" ")).join(", ")}`)
    return [told, [...seen].slice(known.length), document.documentElement.scrollWidth]
}"""


@dataclass
class Examiner:
    """Remembers, size by size and scheme by scheme, which looks of a text it has judged."""

    looks: dict[str, list[str]] = field(default_factory=dict)

    def equip(self, context: BrowserContext) -> None:
        """Pages that are opened in it from now on can be examined."""
        context.add_init_script(AXE_SCRIPT)

    def examine(self, page: Page, seen: Iterable[tuple[dict[str, int], str]] = SEEN) -> list[str]:
        """What is wrong with the page at each size, in each scheme."""
        complaints = []
        for size, scheme in seen:
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            known = self.looks.setdefault(f"{scheme} {size['width']}", [])
            told, fresh, width = page.evaluate(ASKED, [TAGS, known])
            known += fresh
            if width > size["width"]:
                complaints.append(f"{page.url} is wider than {size['width']}")
            complaints += [f"{page.url} {scheme} {size['width']}: {each}" for each in told]
        return complaints
