"""Captures: what was written, what was read, what is recorded."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from shell.language.values import amount, amount_is, show_duration
from shell.reading.escape import printable
from shell.results.capture import CaptureLoaded, CaptureSaved, CaptureStatus
from shell.views.registry import draws
from shell.views.theme import style


@draws(CaptureSaved)
def saved(result: CaptureSaved) -> RenderableType:
    """Draw what was written."""
    line = Text.assemble(
        (amount(result.frames, "frame"), "bold"),
        f" in {printable(result.file)}, {result.comments:,} with comments, {amount(result.bytes, 'byte')}")
    return _lines(line, [f"{result.missing:,} more were not recorded"] if result.missing else [], result.hint)


@draws(CaptureLoaded)
def loaded(result: CaptureLoaded) -> RenderableType:
    """Draw what was read."""
    line = Text.assemble(
        (amount(result.frames, "frame"), "bold"), f" of {printable(result.file)} ({result.format}): "
        f"{amount(result.bytes, 'byte')}, {show_duration(result.duration_us)} from {result.started} on")
    notes = [f"{amount_is(result.shortened, 'frame')} not whole in the file"] if result.shortened else []
    notes += [f"left out: {text}" for text in result.left_out]
    notes += [f"it says: {printable(text)}" for text in result.comments]
    return _lines(line, notes, result.hint, f"damaged: {result.damage}" if result.damage else "")


@draws(CaptureStatus)
def status(result: CaptureStatus) -> RenderableType:
    """Draw what is recorded and looked at."""
    notes = [
        f"recording: {amount(result.frames, 'frame')}, {amount(result.bytes, 'byte')}" if result.recording
        else f"not recording; {amount_is(result.frames, 'frame')} kept" if result.frames else "not recording"]
    if result.live:
        reader = "somebody reads" if result.live_reader else "nobody reads yet"
        lost = f", {result.live_given_up:,} given up" if result.live_given_up else ""
        notes.append(f"live to {printable(result.live)}: {amount(result.live_frames, 'frame')}{lost}, {reader}")
    if result.file:
        notes.append(f"looking at {printable(result.file)}")
    return _lines(Text(notes[0]), notes[1:], result.hint)


def _lines(first: Text, notes: list[str], hint: str, problem: str = "") -> Group:
    parts = [first, *(Text(note) for note in notes)]
    if problem:
        parts.append(Text(problem, style("error", bold=True)))
    if hint:
        parts.append(Text(hint, style("muted")))
    return Group(*parts)
