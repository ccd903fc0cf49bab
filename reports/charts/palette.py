"""The one definition of the report's colours: page tokens by name, and their light values for print."""

import re

FONT = "Noto Sans KR"
LIGHT = {
    "surface": "#ffffff",
    "sunken": "#f0f3f5",
    "canvas": "#f3f5f7",
    "ink": "#14202b",
    "ink-2": "#42505d",
    "ink-3": "#5a6774",
    "line": "#e1e6ea",
    "line-2": "#c8d0d7",
    "control": "#72808c",
    "fill": "#0a5c63",
    "cash": "#1d5bb8",
    "cash-soft": "#dde9fa",
    "cash-ink": "#174a96",
    "gpu": "#cd6507",
    "gpu-soft": "#fce7d2",
    "gpu-ink": "#8f4400",
    "heat-0": "#fff6ec",
    "heat-1": "#fde3c6",
    "heat-2": "#f9c793",
    "heat-3": "#f0a35a",
    "heat-4": "#cf6f1c",
    "heat-5": "#8f4400",
    "rule": "#4a5a69",
    "model": "#1b948a",
    "band": "#b9c3cc",
    "ok": "#1b7a48",
    "ok-soft": "#dff2e6",
    "ok-ink": "#14593a",
    "warn": "#b07a00",
    "warn-soft": "#fff1cf",
    "warn-ink": "#6d4700",
    "err": "#c22f25",
    "err-ink": "#97201a",
    "violet": "#7b4b94",
    "ochre": "#b89400",
    "sky": "#4f9bd9",
}
_TOKEN = re.compile(r"var\(--ax-([a-z0-9-]+)\)")


def token(name: str) -> str:
    """The page's name of a colour, which follows the reader's theme."""
    if name not in LIGHT:
        raise KeyError(name)
    return f"var(--ax-{name})"


def for_print(svg: str) -> str:
    """The same drawing with light values and the print font, as paper has no theme."""
    coloured = _TOKEN.sub(lambda match: LIGHT[match.group(1)], svg)
    named = re.sub(r'font-family="[^"]*"', f'font-family="{FONT}"', coloured)
    # In a drawing Typst sets weight 400 in the variable font's own default, Thin, unless the axis is named.
    return named.replace('font-weight="400"', "style=\"font-variation-settings:'wght' 400\"")
