"""What a link asks of those around it: the world that moves its frames, who is plugged in, who listens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from aether.events import Observer, Teller
    from aether.knobs import Knobs
    from aether.link.processor import Processor
    from aether.timers import Queue


class FlowState(Protocol):
    """What a rule about frames has to know of a connection; numbers as in `aether.tcp.connection`."""

    number: int
    iss: int
    irs: int
    rcv_wscale: int
    snd_wscale: int
    scaling: bool
    snd_una: int


class Medium(Protocol):
    """What a link asks of the world: the time, numbers for frames, and to deliver them later."""

    now: int
    frames: int
    """How many frames have been numbered."""
    frame: int
    """The number of the frame being handled."""
    queue: Queue
    observer: Observer | None
    teller: Teller | None
    wire_out: list[bytes]
    """Frames that left for the world outside."""

    def flows(self) -> Iterable[Mapping[bytes, FlowState]]:
        """Yield what each host knows of its connections, by their keys."""


class Box(Protocol):
    """What stands in the middle of a link, at its inside end, and looks at what passes."""

    def stands_at(self, port: Any) -> bool:
        """Tell whether that is its end of the link."""

    def outward(self, frame: bytes) -> tuple[bytes, str, str]:
        """Return a frame that leaves, as it goes on; how it was altered; why it goes no further, empty if it does."""

    def deliver(self, data: tuple[int, bytes]) -> None:
        """Take a frame that has crossed the link, with its number, and hand it on if it may pass."""

    def describe(self) -> str:
        """Return it as a person says it."""

    def stop(self) -> None:
        """Wake up no more."""


class Attached(Protocol):
    """A host that is plugged in."""

    name: str
    now: int
    knobs: Knobs
    processor: Processor

    @property
    def models_processor(self) -> bool:
        """Whether frames have to wait for a core."""

    def receive(self, frame: bytes, index: int) -> None:
        """Handle a frame that arrived at interface `index`."""

    def foresees(self, port: Any, frame: bytes) -> bool:
        """Handle a frame that enters the link at `port` from outside, if it is as predicted; else return False."""


class Ear(Protocol):
    """Whoever hears every frame that enters a link."""

    def hear(self, frame: bytes) -> None:
        """A frame passes."""
