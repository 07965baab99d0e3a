"""What a frame travels on: the link type of a capture, which says how its bytes begin."""

from __future__ import annotations

ETHERNET = 1
"""The link type of Ethernet (LINKTYPE_ETHERNET); all frames of the lab have it."""
LINK = "link"
"""What protocols say that they are found by, with the number of a link type (pcap-linktype(7))."""


class LinkFrame(bytes):
    """The bytes of a frame that is none of Ethernet: its link type goes where they go. A part of it is mere bytes."""

    link_type = ETHERNET

    def __bytes__(self) -> bytes:
        """Return itself: whoever wants bytes gets them with their link type."""
        return self


FCS = 4
"""Bytes of Ethernet's frame check sequence."""


class CheckedFrame(bytes):
    """A frame of Ethernet that ends with its check sequence, as some captures have it. A part of it is mere bytes."""

    def __bytes__(self) -> bytes:
        """Return itself, as `LinkFrame` does."""
        return self


def on_link(link_type: int, data: bytes) -> bytes:
    """Return the bytes of a frame that has a link type."""
    if link_type == ETHERNET:
        return data
    frame = LinkFrame(data)
    frame.link_type = link_type
    return frame


def link_type_of(frame: bytes) -> int:
    """Return the link type of a frame."""
    return frame.link_type if isinstance(frame, LinkFrame) else ETHERNET
