"""Colours by layer, from the Okabe-Ito palette, which colour-blind readers can tell apart.

Colour never stands alone: directions, flags, states and verdicts are always words or signs too.
A theme is chosen by the `theme` command, else by ``AETHER_THEME``, else by the configuration, else
by what the terminal says of its background. ``NO_COLOR`` leaves bold and underlined text alone.
Terminals of 256 and of 16 colours get what they can show.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from rich.color import ColorSystem
from rich.style import Style

NAMES = ("ethernet", "arp", "ipv4", "icmp", "udp", "tcp", "error", "muted", "key", "good", "command")
_ALIASES = {
    "eth": "ethernet", "ip": "ipv4", "igmp": "icmp", "dns": "udp", "dhcp": "udp", "http": "tcp",
    "data": "muted", "padding": "muted", "ipv6": "ipv4",
}


@dataclass(frozen=True, slots=True)
class Theme:
    """How each name looks."""

    help: str
    looks: dict[str, str]
    """What rich calls a style, such as ``bold #e69f00``."""
    few: dict[str, str]
    """The same for terminals of 16 colours, whose palette is the terminal's own."""


def _theme(help: str, looks: str, few: str) -> Theme:
    """Make a theme of looks in the order of `NAMES`, divided by commas."""
    pairs = [dict(zip(NAMES, (look.strip() for look in each.split(",")), strict=True)) for each in (looks, few)]
    return Theme(help, *pairs)


_MONO = "default, underline, bold, bold underline, bold, bold, reverse, dim, bold, bold, bold"
THEMES: dict[str, Theme] = {
    "dark": _theme(
        "for dark backgrounds",
        "#999999, #cc79a7, #56b4e9, #f0e442, #009e73, #e69f00, #d55e00, #999999, #56b4e9, #009e73, #56b4e9",
        "white, bright_magenta, bright_cyan, bright_yellow, bright_green, yellow, bright_red, white, bright_cyan, "
        "bright_green, bright_cyan"),
    "light": _theme(
        "for light backgrounds",
        "#666666, #9c3f73, #00639c, #7a7000, #006b4e, #8f5f00, #a84300, #666666, #00639c, #006b4e, #00639c",
        "bright_black, magenta, blue, cyan, green, yellow, red, bright_black, blue, green, blue"),
    "mono": _theme("no colours at all", _MONO, _MONO),
    "high-contrast": _theme(
        "for projectors",
        "#ffffff, #ff9ad5, #7fd4ff, #ffff55, #40ffb0, #ffc040, bold #ff8a50, #e0e0e0, #7fd4ff, #40ffb0, #7fd4ff",
        "bright_white, bright_magenta, bright_cyan, bright_yellow, bright_green, bright_yellow, bold bright_red, "
        "bright_white, bright_cyan, bright_green, bright_cyan"),
}
_CONTRAST_ON_LIGHT = _theme(
    "",
    "#000000, #7a0050, #003a70, #4a4000, #004030, #5a3800, bold #8a1500, #333333, #003a70, #004030, #003a70",
    "black, magenta, blue, black, blue, black, bold red, black, blue, blue, blue")

_chosen = {"theme": "", "configured": "", "depth": "", "configured depth": "", "no colours": ""}


DUMB = ("dumb", "unknown")
"""What a terminal calls itself that knows no escape sequences."""


def choose(name: str) -> None:
    """Use a theme from now on; ``auto`` leaves it to the terminal."""
    _chosen["theme"] = name


def configure(name: str, depth: str) -> None:
    """Use what the configuration says unless somebody says otherwise."""
    _chosen["configured"] = "" if name == "auto" else name
    _chosen["configured depth"] = "" if depth == "auto" else depth


@contextmanager
def exactly(name: str, depth: str = "truecolor") -> Iterator[None]:
    """Use one theme and one depth, whatever the terminal is, while a picture is drawn."""
    before = dict(_chosen)
    _chosen.update(theme=name or before["theme"], depth=depth, **{"no colours": ""})
    try:
        yield
    finally:
        _chosen.update(before)


def is_light() -> bool:
    """Tell whether the terminal says that its background is light."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")


def current() -> tuple[str, str]:
    """Return the theme in use, and who chose it."""
    said = os.environ.get("AETHER_THEME", "")
    for name, who in ((_chosen["theme"], "the command"), (said, "AETHER_THEME"),
                      (_chosen["configured"], "the configuration")):
        if name in THEMES:
            return name, who
    return ("light" if is_light() else "dark"), "the terminal"


def is_dumb() -> bool:
    """Tell whether the terminal says that it does nothing but print: no escape sequence may reach it."""
    return os.environ.get("TERM", "") in DUMB


def depth() -> str:
    """Return how many colours the terminal shows: ``truecolor``, ``256``, ``16`` or ``none``."""
    for name in (_chosen["depth"], _chosen["configured depth"]):
        if name:
            return name
    terminal = os.environ.get("TERM", "")
    if terminal in DUMB:
        return "none"
    if os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or terminal.endswith("-direct"):
        return "truecolor"
    return "256" if terminal.endswith("256color") or "kitty" in terminal else "16"


def coloured() -> bool:
    """Tell whether what is printed has colours: what colour alone would show is marked otherwise where it has none."""
    return not _chosen["no colours"] and (depth() != "none" and not os.environ.get("NO_COLOR"))


def without_colours() -> None:
    """Mark what colour alone would show: what is printed goes to a file or a pipe."""
    _chosen["no colours"] = "yes"


def style(name: str, *, bold: bool = False) -> Style:
    """Return the style of a layer, or of another of `NAMES`; a layer without one of its own is muted."""
    return _style(current()[0], depth(), is_light(), _ALIASES.get(name, name if name in NAMES else "muted"), bold)


@lru_cache(maxsize=1024)
def _style(theme: str, depth: str, light: bool, name: str, bold: bool) -> Style:
    found = _CONTRAST_ON_LIGHT if theme == "high-contrast" and light else THEMES[theme]
    look = Style.parse((found.few if depth == "16" else found.looks)[name])
    if depth == "none":
        look = look.without_color
    elif depth == "256" and look.color is not None and not look.color.is_default:
        look += Style(color=look.color.downgrade(ColorSystem.EIGHT_BIT))
    return look + Style(bold=True) if bold else look
