"""What the kernel behind a TAP leaves to us, and we to it: segments of up to 64 KB, and checksums.

Only while frames go straight to a host that is their end, and nobody looks at each of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aether.engine.bench import direct, leaves_work
from aether.lab import YOU

if TYPE_CHECKING:
    from aether.engine.loop import Loop

ON, TRACING, KNOB, FORWARDING, BETWEEN = "on", "trace mode", "loop.offload", "forwarding", "something in between"


def offload(loop: Loop) -> str:
    """Return ``on``, or why it is off; empty where there is no TAP."""
    if loop.device is None or loop.device.virtio is None:
        return ""
    if loop.mode != "bench":
        return TRACING
    host = loop.world.hosts[YOU]
    if not host.knobs.loop_offload:
        return KNOB
    if not leaves_work(host):
        return FORWARDING
    return BETWEEN if direct(loop) is None else ON
