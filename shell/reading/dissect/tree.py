"""The tree of a frame while it grows: layers, and fields that are read one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aether.wire.address import show_ip, show_mac
from aether.wire.error import WireError
from shell.reading.escape import printable_bytes
from shell.reading.summary import Flows
from shell.results.frames import Field, Layer

if TYPE_CHECKING:
    from aether.filters.conversations import Context

Show = Callable[[bytes], str]
"""Writes the bytes of a field as Wireshark's JSON does."""


class CutShort(Exception):
    """The packet ends inside a header."""


def number(data: bytes) -> int:
    """Read an unsigned number in network order."""
    return int.from_bytes(data, "big")


def decimal(data: bytes) -> str:
    """Write a number in decimal."""
    return str(number(data))


def hexadecimal(data: bytes) -> str:
    """Write a number in hexadecimal, with all its digits."""
    return f"0x{data.hex()}"


def colons(data: bytes) -> str:
    """Write bytes as they are, divided by colons."""
    return data.hex(":")


def ip(data: bytes) -> str:
    """Write an IPv4 address."""
    return show_ip(bytes(data))


def mac(data: bytes) -> str:
    """Write an Ethernet address."""
    return show_mac(bytes(data))


def yes(bit: int) -> str:
    """Write a flag."""
    return "1" if bit else "0"


class Tree:
    """The layers of one frame, and what is known of its conversation."""

    def __init__(self, frame: bytes, flows: Flows, context: Context | None) -> None:
        self.frame = frame
        self.flows = flows
        self.context = context
        self.layers: list[Layer] = []

    def layer(self, key: str, name: str, offset: int, length: int, summary: str = "") -> Layer:
        """Begin a layer."""
        layer = Layer(key, name, offset, length, summary)
        self.layers.append(layer)
        return layer

    def data(self, offset: int, end: int, name: str = "data.data") -> None:
        """Add a layer of bytes that nobody here takes apart."""
        if end > offset:
            data = self.frame[offset:end]
            shown = printable_bytes(data[:16]) + ("…" if len(data) > 16 else "")
            layer = self.layer("d", "data", offset, len(data), f"{len(data)} bytes")
            layer.fields.append(Field(name, "bytes", offset, len(data), shown, colons(data)))


class Reader:
    """Reads the fields of one layer from `at` to `end`."""

    def __init__(self, tree: Tree, layer: Layer, at: int, end: int) -> None:
        self.frame = tree.frame
        self.layer = layer
        self.at = at
        self.end = end

    @property
    def left(self) -> int:
        """How many bytes there are."""
        return self.end - self.at

    def peek(self, length: int, skip: int = 0) -> bytes:
        """Return the next bytes without taking them; Ends if they are not there."""
        if self.at + skip + length > self.end:
            raise CutShort
        return self.frame[self.at + skip:self.at + skip + length]

    def take(
        self, name: str, label: str, length: int, show: Show = decimal, text: str | None = None, part: bool = False
    ) -> bytes:
        """Add the next bytes as a field; Ends if they are not there. `text` is its value unless it says more."""
        data = self.peek(length)
        self.add(name, label, self.at, length, show(data), text, part)
        self.at += length
        return data

    def add(
        self, name: str, label: str, offset: int, length: int, value: str, text: str | None = None, part: bool = False
    ) -> None:
        """Add a field wherever it is."""
        self.layer.fields.append(Field(name, label, offset, length, value if text is None else text, value, part))

    def parts(self, offset: int, length: int, *parts: tuple[str, str, str]) -> None:
        """Add parts of a field: name, label and value of each."""
        for name, label, value in parts:
            self.add(name, label, offset, length, value, part=True)


def problem_of(error: WireError) -> str:
    """Return what a parser of the stack has to object."""
    return f"{error.reason}: {error.detail}" if error.detail else error.reason
