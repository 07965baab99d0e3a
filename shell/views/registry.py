"""Which function draws which result: the views enter themselves."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, TypeVar

import shell.views

if TYPE_CHECKING:
    from rich.console import RenderableType

DRAW: dict[type, Callable[[Any], RenderableType]] = {}
"""Draws a result with rich."""
_D = TypeVar("_D", bound=Callable[[Any], Any])


def draws(result: type) -> Callable[[_D], _D]:
    """Enter a function, or a class, that draws a kind of result with rich."""
    def enter(draw: _D) -> _D:
        assert result not in DRAW, f"{result} is drawn twice"
        DRAW[result] = draw
        return draw

    return enter


def drawn(result: Any) -> RenderableType:
    """Return a result as something that rich draws, in which nothing steers the terminal."""
    from shell.views.harmless import harmless

    if type(result) not in DRAW:
        load_all()
    return harmless(DRAW[type(result)](result))  # type: ignore[no-any-return]


def load_all() -> None:
    """Import every view, so that each has entered what it draws."""
    for module in iter_modules(shell.views.__path__):
        import_module(f"shell.views.{module.name}")
