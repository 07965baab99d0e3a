"""What `capture` returns."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class CaptureSaved:
    """A capture that was written."""

    file: str
    frames: int
    comments: int
    """How many frames say why they were discarded, or what they changed."""
    bytes: int
    """Bytes of the file."""
    missing: int = 0
    """Events that were lost before they could be recorded, and frames beyond the limit."""
    hint: str = ""


@dataclass(slots=True)
class CaptureLoaded:
    """A capture that is looked at now."""

    file: str
    format: str
    frames: int
    bytes: int
    """Bytes of the frames."""
    duration_us: int
    """From the earliest to the latest frame."""
    started: str
    """When the earliest frame was seen, in UTC."""
    shortened: int
    """Frames of which the file has only the beginning."""
    left_out: list[str] = field(default_factory=list)
    """What was not taken, and why."""
    damage: str = ""
    """What is wrong with the file, and where; empty for a sound one."""
    comments: list[str] = field(default_factory=list)
    """What the file says about itself."""
    hint: str = ""


@dataclass(slots=True)
class CaptureStatus:
    """What is recorded, where it goes, and which file is looked at."""

    recording: bool
    frames: int
    """Frames recorded since `capture start`."""
    bytes: int
    live: str
    """The pipe that a reader follows; empty if there is none."""
    live_frames: int
    live_reader: bool
    """Whether somebody reads."""
    live_given_up: int
    """Frames that no reader fetched in time."""
    file: str
    """The file that `frames` shows; empty if it shows the lab."""
    hint: str = ""
