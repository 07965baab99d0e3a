"""A frame taken apart: every header, every field, where it stands and what it says.

Names are those that filter expressions use, and values those that Wireshark shows. Lenient where
the stack is strict: whatever can be read of a malformed header is shown, and the reason for which
the stack discards it beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shell.reading.dissect.link import ethernet_frame
from shell.reading.dissect.tree import Tree
from shell.reading.summary import Flows
from shell.results.frames import Layer

if TYPE_CHECKING:
    from aether.filters.conversations import Context


def dissect(frame: bytes, flows: Flows | None = None, context: Context | None = None) -> list[Layer]:
    """Take a frame apart, outermost header first.

    `flows` knows where sequence numbers begin, for the words; `context` is what the filters know of the
    conversation, for the values.
    """
    tree = Tree(bytes(frame), flows or Flows(), context)
    ethernet_frame(tree)
    return tree.layers
