"""Every colour that text has, on every ground that it may stand on, by WCAG's contrast: in light and in dark."""

import re

import pytest

from api.web.blueprint import STATIC

TEXT = ("ink", "soft", "accent", "good", "waiting", "disputed", "refused")
GROUNDS = ("paper", "surface", "sunk")
GOOD, WAITING, REFUSED = "good-wash", "waiting-wash", "refused-wash"
WASHED = (
    *((text, wash) for text in ("ink", "soft", "accent") for wash in (GOOD, WAITING, REFUSED)),
    *(("ink", "accent-wash"), ("soft", "accent-wash"), ("on-accent", "accent")),
    *(("good", GOOD), ("waiting", WAITING), ("refused", REFUSED)),
)
PAIRS = (*((text, ground) for text in TEXT for ground in GROUNDS), *WASHED)
ENOUGH, ENOUGH_FOR_EDGES = 4.5, 3.0


def schemes() -> dict[str, dict[str, str]]:
    """The names of the stylesheet with their colours."""
    blocks = re.findall(r":root \{(.*?)\}", (STATIC / "ledger.css").read_text(encoding="utf-8"), re.DOTALL)
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block)) for block in blocks[:2])
    return {"light": light, "dark": {**light, **dark}}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_on_every_ground(scheme: str) -> None:
    names = schemes()[scheme]
    weak = {pair: contrast(names[pair[0]], names[pair[1]]) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < ENOUGH} == {}
    edges = {ground: contrast(names["edge"], names[ground]) for ground in GROUNDS[:2]}
    assert {ground: ratio for ground, ratio in edges.items() if ratio < ENOUGH_FOR_EDGES} == {}
