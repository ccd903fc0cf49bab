"""Where the words of a drawing stand, by the font it is drawn in."""

import functools
import re
from dataclasses import dataclass
from importlib import resources
from itertools import combinations
from xml.etree import ElementTree as ET

from fontTools.ttLib import TTFont

_FONT = resources.files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanskr" / "NotoSansKR[wght].ttf"
_MOVED = re.compile(r"translate\(([-.\d]+)[, ]+([-.\d]+)\)")
_HEIGHT = 0.72
"""Of the letters, by their size: digits and capitals, which reach higher than Hangul reaches lower."""


@dataclass(frozen=True)
class Placed:
    """A text with the box its letters fill, in the drawing's own pixels."""

    text: str
    left: float
    right: float
    top: float
    bottom: float


class Widths:
    """Widths of texts in the regular weight of the font."""

    def __init__(self) -> None:
        with TTFont(str(_FONT), lazy=True) as font:
            self._names = font.getBestCmap()
            self._advances = {name: width for name, (width, _) in font["hmtx"].metrics.items()}
            self._em = font["head"].unitsPerEm

    def of(self, text: str, size: float) -> float:
        """The width of a text in pixels at a size in pixels."""
        return sum(self._advances[self._names[ord(sign)]] for sign in text) * size / self._em


@functools.cache
def _widths() -> Widths:
    return Widths()


def placed_texts(svg: str) -> list[Placed]:
    """Every text of a drawing; lines of one label count each for themselves."""
    widths, found = _widths(), list[Placed]()

    def walk(element: ET.Element, x: float, y: float) -> None:
        if moved := _MOVED.match(element.attrib.get("transform", "")):
            x, y = x + float(moved[1]), y + float(moved[2])
        if element.tag.endswith("}text"):
            size = float(element.attrib["font-size"].removesuffix("px"))
            lines = list(element) or [element]
            for number, line in enumerate(lines):
                text = line.text or ""
                wide = widths.of(text, size)
                start = x - {"middle": wide / 2, "end": wide}.get(element.attrib.get("text-anchor", ""), 0)
                base = y + sum(float(one.attrib.get("dy", 0)) for one in lines[1 : number + 1])
                found.append(Placed(text, start, start + wide, base - _HEIGHT * size, base))
            return
        for child in element:
            walk(child, x, y)

    walk(ET.fromstring(svg), 0, 0)  # noqa: S314 - our own drawing
    return found


def covering(svg: str) -> list[tuple[str, str]]:
    """Pairs of texts of a drawing that lie over each other."""
    return [
        (one.text, other.text)
        for one, other in combinations(placed_texts(svg), 2)
        if min(one.right, other.right) > max(one.left, other.left)
        and min(one.bottom, other.bottom) > max(one.top, other.top)
    ]


def outside(svg: str) -> list[str]:
    """Texts of a drawing that its edge cuts off."""
    width, height = (float(edge) for edge in ET.fromstring(svg).attrib["viewBox"].split()[2:])  # noqa: S314 - likewise
    return [
        one.text for one in placed_texts(svg) if one.left < 0 or one.right > width or one.top < 0 or one.bottom > height
    ]
