"""Crafted frames on their way: onto the wire, or onto our own stack; and what comes back."""

from __future__ import annotations

from collections.abc import Sequence

from aether.events import DROPS
from aether.operations.frames import InjectFrame, SendFrame
from aether.reading.packet import payload_of
from aether.wire.address import show_ip
from aether.world import World
from shell.reading.dissect import dissect
from shell.reading.frames import FrameWatcher, SeenFrame
from shell.results.craft import Crafted, Draft
from shell.results.frames import FrameRow
from shell.session import Session, hint

MAX_FRAMES = 10_000
"""Frames that one command makes."""


class Correspondence:
    """Recognises the frames that belong to a crafted one: the same ports, the same question, an error about it."""

    def __init__(self, frame: bytes) -> None:
        self.kind = frame[12:14]
        self.protocol = frame[23:24] if self.kind == b"\x08\x00" else b""
        self.out, self.back = self._key(frame), self._key(frame, swapped=True)
        self.addresses = {frame[26:30], frame[30:34]}

    def _key(self, frame: bytes, swapped: bool = False) -> bytes:
        if self.kind == b"\x08\x06":
            return b"arp"
        first, second = frame[26:30], frame[30:34]
        at = payload_of(frame) if self.protocol in (b"\x06", b"\x11") else len(frame)
        ports = frame[at:at + 2], frame[at + 2:at + 4]
        if swapped:
            return frame[23:24] + second + first + ports[1] + ports[0]
        return frame[23:24] + first + second + ports[0] + ports[1]

    def answers(self, data: bytes) -> bool:
        """Tell whether a frame is an answer to the crafted one."""
        if data[12:14] != self.kind:
            return False
        if self.kind == b"\x08\x06":
            return True
        if self._key(data) == self.back:
            return True
        quoted = data[42:62] if data[23:24] == b"\x01" and data[34:35] in (b"\x03", b"\x0b", b"\x0c") else b""
        return bool(quoted) and {quoted[12:16], quoted[16:20]} == self.addresses

    def includes(self, data: bytes) -> bool:
        """Tell whether a frame belongs to the conversation, in either direction."""
        return data[12:14] == self.kind and (
            self.kind == b"\x08\x06" or self._key(data) == self.out or self.answers(data))


def deliver(
    session: Session, frames: Sequence[tuple[bytes, bool]], *, said: str, no_rst: bool = False, wait: int = 0,
    background: bool = False, every: int = 0,
) -> Crafted:
    """Send frames, or inject those marked with True; wait for an answer to the last one, and tell what came of it."""
    after = session.core.ring.last_serial
    numbers: list[int] = []
    for index, (frame, inward) in enumerate(frames):
        if index and every:
            session.wait(_never, every)
        operation = InjectFrame(data=frame) if inward else SendFrame(data=frame, no_rst=no_rst)
        numbers.append(session.do(operation))
    if session.core.status().mode == "bench":
        return Crafted(numbers[0], len(numbers), inward, said, [], "background", [
            "benchmark mode keeps no events, so nobody knows what came back. `mode trace` shows it"])
    conversations = [Correspondence(frame) for frame, _ in frames[-16:]]

    def over(world: World) -> bool:
        events, _ = session.core.ring.since(after)
        if inward:
            return any(event.kind == "frame.arrived" and event.values[0] == numbers[-1] for event in events)
        return any(
            event.kind == "frame.arrived" and event.host == "you" and conversations[-1].answers(event.values[2])
            for event in events)

    outcome = session.wait(over, wait, background)
    if outcome == "done" and not session.paused:
        session.wait(_never, SETTLE)
    rows = _rows(session, numbers, conversations)
    explanation = _explain_injected(rows, numbers) if inward else _explain_sent(rows, frames[-1][0], no_rst)
    if outcome not in ("done", "waiting"):
        explanation = [*explanation, hint(outcome)]
    elif not inward and not any(row.direction == "in" for row in rows):
        explanation = [*explanation, "no answer came back"]
    return Crafted(numbers[0], len(numbers), inward, said, rows, outcome, explanation)


SETTLE = 1_000
"""World time, in microseconds, in which our stack's own reaction to the answer is awaited."""


def _never(world: World) -> bool:
    return False


def _rows(session: Session, numbers: list[int], conversations: list[Correspondence]) -> list[FrameRow]:
    watcher = FrameWatcher(follower=session.lab_follower())
    rows = []
    for seen in watcher.read(session.events()):
        if isinstance(seen, SeenFrame) and (seen.number in numbers or (
            seen.number > numbers[0] and any(one.includes(seen.data) for one in conversations)
        )):
            rows.append(watcher.row(seen))
    return rows[:ROWS]


ROWS = 40
"""Lines that a command shows."""


def _explain_injected(rows: list[FrameRow], numbers: list[int]) -> list[str]:
    """Say why our stack did what it did with injected frames."""
    dropped = {row.dropped for row in rows if row.number in numbers and row.dropped}
    lines = []
    for name in sorted(dropped):
        reason = DROPS.get(name)
        if reason is None:
            continue
        knob = f" The knob that decides it: {reason.knob}." if reason.knob else ""
        lines.append(f"Dropped, {name}: {reason.help}{f' ({reason.rfc})' if reason.rfc else ''}.{knob}")
    if lines:
        lines.append(f"`why {numbers[-1]}` tells the whole story; `frame {numbers[-1]}` shows every byte.")
    return lines


def _explain_sent(rows: list[FrameRow], frame: bytes, no_rst: bool) -> list[str]:
    """Say why things went as they did with frames that were sent."""
    incoming = [row for row in rows if row.direction == "in"]
    outgoing = [row for row in rows if row.direction == "out"]
    if frame[12:14] != b"\x08\x00" or frame[23:24] != b"\x06" or not incoming:
        return []
    if any("R" in row.flags for row in incoming):
        port = int.from_bytes(frame[36:38], "big")
        return [f"The host answers with a reset: nobody listens on port {port}, or knows no such connection."]
    first = incoming[0].number
    if any("R" in row.flags for row in outgoing if row.number > first):
        return [
            "Our stack answers with a reset (RST), and that is correct: a crafted segment makes no connection in it, "
            "so what came back belongs to nobody here (RFC 9293 §3.10.7.1).",
            f"`tcp connect {show_ip(frame[30:34])}:{int.from_bytes(frame[36:38], 'big')}` opens a real connection; "
            "`--no-rst` at the end keeps our stack quiet.",
        ]
    if no_rst and any("S" in row.flags for row in incoming):
        return ["Our stack stays quiet, as --no-rst asks. The host waits for an ACK, and will ask again."]
    return []


def drafted(name: str, text: str, frame: bytes) -> Draft:
    """Return a frame that was crafted and not sent, taken apart."""
    watcher = FrameWatcher()
    row = watcher.row(SeenFrame(0, 0, "draft", frame, 0))
    return Draft(name, text, row, dissect(frame), frame.hex())
