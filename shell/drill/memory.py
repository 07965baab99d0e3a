"""What a call has written into its caller's memory, held against what a script says of it."""

from __future__ import annotations

from typing import Any

from aether.apps.process import Reply
from aether.socket_options import MSG_PEEK
from shell.drill.calls import CallPlan
from shell.drill.compare import Compared
from shell.drill.constants import show_bits
from shell.drill.flows import ScriptFlow, pattern


def hold(plan: CallPlan, reply: Reply, flow: ScriptFlow | None, udp: bool, found: Compared) -> None:
    """Note in `found` what a call that succeeded has returned besides its value."""
    out, expected = reply.out, plan.expected
    if plan.name in ("read", "recvfrom", "recvmsg"):
        _data(plan, reply.data, flow, udp, found)
    if expected is None:
        return
    if plan.name == "poll":
        for (fd, _), wanted, told in zip(plan.arguments[0], expected, out, strict=True):
            if wanted is not None:
                found.field(f"revents of {fd}", show_bits(wanted), show_bits(told))
    elif plan.name == "epoll_wait":
        shown = [f"{show_bits(mask)} for {data}" for mask, data in expected[:max(reply.value, len(out))]]
        found.field("events", ", ".join(shown), ", ".join(f"{show_bits(mask)} for {data}" for mask, data in out))
    elif plan.name == "recvmsg":
        _, said, control = out
        flags, told = expected
        if flags is not None:
            found.field("msg_flags", flags, said)
        if told is not None:
            found.field("msg_control", _shown(told), _shown(control))
    elif plan.name == "recvfrom":
        found.field("address", f"{expected[0]}:{expected[1]}", f"{out[0]}:{out[1]}" if out else "none")
    elif plan.name in ("getsockopt", "ioctl"):
        found.field("value", expected, out, list(out) == expected if isinstance(out, (list, tuple)) else None)


def _shown(control: list[list[Any]]) -> str:
    return ", ".join(f"level {level} type {kind}: {value}" for level, kind, value in control) or "none"


def _data(plan: CallPlan, data: bytes, flow: ScriptFlow | None, udp: bool, found: Compared) -> None:
    """Hold what was read against the text in the script, or against what was sent."""
    if plan.expected_data is not None:
        found.field("data", plan.expected_data[:len(data)] if data else plan.expected_data, data)
    elif udp or flow is not None:
        at = 0 if udp or flow is None else flow.read_at
        same = data == pattern(at, len(data))
        found.field("data", "what was sent", "what was sent" if same else data[:16].hex(" "))
    if flow is not None and not plan.arguments[1] & MSG_PEEK:
        flow.read_at += len(data)
