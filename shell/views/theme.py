"""Colours by layer, from the Okabe-Ito palette, which colour-blind readers can tell apart.

Colour never stands alone: directions, flags, states and verdicts are always words or signs
too. ``NO_COLOR`` switches all of it off; ``AETHER_THEME`` is ``dark`` or ``light``.
"""

from __future__ import annotations

import os

from rich.style import Style

_DARK = {
    "ethernet": "#999999", "arp": "#cc79a7", "ipv4": "#56b4e9", "icmp": "#f0e442", "udp": "#009e73", "tcp": "#e69f00",
    "error": "#d55e00", "muted": "#999999", "key": "#56b4e9", "good": "#009e73", "command": "#56b4e9",
}
_LIGHT = {
    "ethernet": "#666666", "arp": "#9c3f73", "ipv4": "#00639c", "icmp": "#7a7000", "udp": "#006b4e", "tcp": "#8f5f00",
    "error": "#a84300", "muted": "#666666", "key": "#00639c", "good": "#006b4e", "command": "#00639c",
}
_ALIASES = {
    "eth": "ethernet", "ip": "ipv4", "igmp": "icmp", "dns": "udp", "dhcp": "udp", "http": "tcp",
    "data": "muted", "padding": "muted",
}


def is_light() -> bool:
    """Tell whether the terminal says that its background is light."""
    chosen = os.environ.get("AETHER_THEME", "")
    if chosen in ("light", "dark"):
        return chosen == "light"
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")


def colour(name: str) -> str:
    """Return the colour of a layer, or of ``error``, ``muted``, ``key``, ``good`` or ``command``."""
    palette = _LIGHT if is_light() else _DARK
    return palette[_ALIASES.get(name, name)]


_styles: dict[tuple[str, bool], Style] = {}


def style(name: str, *, bold: bool = False) -> Style:
    """Return the style of a layer, or of one of the other names of `colour`."""
    if (name, bold) not in _styles:
        _styles[name, bold] = Style(color=colour(name), bold=bold or None)
    return _styles[name, bold]
