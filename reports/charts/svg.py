"""From a Vega-Lite specification to an SVG that a strict page may inline: no styles, no English ARIA, own ids."""

import functools
import json
import re
from importlib import resources
from typing import Any
from xml.etree import ElementTree as ET

import vl_convert

_SVG = "http://www.w3.org/2000/svg"
_DROPPED = ("role", "aria-label", "aria-roledescription", "aria-hidden", "class", "pointer-events", "style")
_KEPT = 64
_REFERENCE = re.compile(r"url\(#([^)]+)\)")

Specification = dict[str, Any]


@functools.cache
def _register_font() -> None:
    # The renderer measures text to lay out labels; without a Korean font it would give Hangul no width.
    vl_convert.register_font_directory(str(resources.files("justmytype_intl_cjk") / "fonts" / "ofl" / "notosanskr"))


@functools.cache
def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def template(name: str) -> Specification:
    """A fresh copy of a chart template by file stem."""
    loaded: Specification = json.loads(_asset(f"{name}.vl.json"))
    return loaded


def render(specification: Specification, key: str, sentence: str) -> str:
    """Draw a chart without touching the network.

    Args:
        specification: Vega-Lite with its data inside.
        key: prefix of every id in the drawing; unique on a page.
        sentence: what the chart shows, in the language of the report.
    """
    return clean(_draw(json.dumps(specification)), key, sentence)


@functools.lru_cache(_KEPT)
def _draw(specification: str) -> str:
    """Draw what a specification says. One posting changes few of a page's charts; the others are as they were."""
    _register_font()
    theme = json.loads(_asset("theme.json"))
    # In two steps it takes a third of the time of one, and draws the same.
    compiled = vl_convert.vegalite_to_vega(specification, config=theme)
    drawn: str = vl_convert.vega_to_svg(compiled, allowed_base_urls=[])
    return drawn


def clean(drawn: str, key: str, sentence: str) -> str:
    """Make a renderer's SVG fit for a strict page and for people who hear it."""
    ET.register_namespace("", _SVG)
    root = ET.fromstring(drawn)  # noqa: S314 - drawn a line earlier from our own specification
    names: dict[str, str] = {}
    for element in root.iter():
        for name, value in _styles(element).items():
            element.attrib.setdefault(name, value)
        for name in _DROPPED:
            element.attrib.pop(name, None)
        if element.tag == f"{{{_SVG}}}text":
            element.attrib.setdefault("font-weight", "400")
            if element.attrib.pop("opacity", "1") == "0":
                element.attrib["display"] = "none"  # a label that the axis left out because it would cover another
        if "id" in element.attrib:
            names[element.attrib["id"]] = f"{key}-{len(names) + 1}"
            element.attrib["id"] = names[element.attrib["id"]]
    for element in root.iter():
        for name, value in list(element.attrib.items()):
            element.attrib[name] = _REFERENCE.sub(lambda match: f"url(#{names[match.group(1)]})", value)
    _drop_invisible(root)
    root.attrib["role"] = "img"
    root.attrib["aria-label"] = sentence
    title = ET.Element(f"{{{_SVG}}}title")
    title.text = sentence
    root.insert(0, title)
    return ET.tostring(root, encoding="unicode")


def _styles(element: ET.Element) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in element.attrib.get("style", "").split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in pairs}


def _drop_invisible(parent: ET.Element) -> None:
    if parent.tag == f"{{{_SVG}}}clipPath":
        return  # a clip's outline has no paint of its own, yet it is what shows
    for child in list(parent):
        hidden = child.attrib.get("display") == "none"
        empty = child.tag == f"{{{_SVG}}}path" and "fill" not in child.attrib and "stroke" not in child.attrib
        if hidden or empty:
            parent.remove(child)
        else:
            _drop_invisible(child)
