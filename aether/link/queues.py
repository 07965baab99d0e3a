"""A TAP with several queues, one for each worker, and the program in the kernel that says which frame goes to which.

The program is made here, instruction by instruction, and steers as the simulation does (aether.link.processor): a
frame belongs to worker (source address + source port // 2) mod the workers, and what shows no ports belongs to
worker 0. Both need root, or CAP_NET_ADMIN and CAP_BPF; the queues go on working when those are given back.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import platform
import socket
import struct
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

from aether.link.tap import DeviceError, Tap
from aether.wire.ethernet import HEADER_LENGTH, TYPE_IPV4
from aether.wire.ipv4 import PROTO_TCP, PROTO_UDP

TUNSETQUEUE, TUNSETSTEERINGEBPF = 0x400454D9, 0x800454E0
IFF_ATTACH_QUEUE, IFF_DETACH_QUEUE = 0x0200, 0x0400
BPF_PROG_LOAD, BPF_PROG_TYPE_SOCKET_FILTER = 5, 1
SYSTEM_CALL = {"x86_64": 321, "aarch64": 280}
"""The number of bpf(2), by machine."""
SHORTEST = HEADER_LENGTH + 24
"""Frames that are shorter belong to worker 0, in bytes."""

LENGTH_OF_FRAME = 0x61
"""Load a word of the context (BPF_LDX | BPF_MEM | BPF_W); its first is the frame's length."""
LOAD_BYTE, LOAD_HALF, LOAD_WORD, LOAD_HALF_AT = 0x30, 0x28, 0x20, 0x48
"""Load from the frame into register 0, in host order; what lies outside of it ends the program with 0."""
MOVE, MOVE_REGISTER, ADD_REGISTER, AND, SHIFT_LEFT, SHIFT_RIGHT, MODULO = 0xB7, 0xBF, 0x0F, 0x57, 0x67, 0x77, 0x97
EQUAL, UNEQUAL, BELOW, EXIT = 0x15, 0x55, 0xA5, 0x95


@dataclass(slots=True)
class Queues:
    """The queues of one TAP, in the order of the workers.

    Whoever starts workers keeps all of them open: the kernel fills the place of a queue that is closed with the last.
    """

    taps: list[Tap]
    note: str = ""
    """Why the kernel's own hash of flows steers; empty if the program does."""
    programs: dict[int, int] = field(default_factory=dict)
    """Descriptors of the programs for so many workers: the kernel took them while we were root."""
    used: int = 0
    """How many queues the kernel fills."""

    def use(self, count: int) -> None:
        """Let the kernel fill the first `count` queues, and no others; nobody has to be root for that.

        OSError if the device is gone.
        """
        self._steer(1)  # until all is as it shall be: a flow may come late to its worker, but must not leave it again
        for number in range(self.used - 1, count - 1, -1):  # the last first: else they would change places
            self._switch(number, IFF_DETACH_QUEUE)
        for number in range(self.used, count):
            self._switch(number, IFF_ATTACH_QUEUE)
        self.used = count
        self._steer(count)

    def _switch(self, number: int, how: int) -> None:
        fcntl.ioctl(self.taps[number].fileno(), TUNSETQUEUE, struct.pack("16sH22x", b"", how))

    def _steer(self, workers: int) -> None:
        if self.programs:
            fcntl.ioctl(self.taps[0].fileno(), TUNSETSTEERINGEBPF, struct.pack("i", self.programs[workers]))

    def close(self) -> None:
        """Close them all, and so remove the device, unless somebody else holds queues of it."""
        for tap in self.taps:
            tap.close()
        for descriptor in self.programs.values():
            os.close(descriptor)
        self.programs = {}


def open_queues(name: str, count: int) -> Queues:
    """Create the TAP `name` with so many queues, and steer frames to them; DeviceError if the device cannot be had.

    Where the kernel does not take the program, its own hash of flows steers, and the note says so.
    """
    with ExitStack() as opened:
        taps = []
        for _ in range(count):
            taps.append(Tap(name, several=True))
            opened.callback(taps[-1].close)
        opened.pop_all()
    queues = Queues(taps, used=count)
    try:
        for workers in range(1, count + 1):
            queues.programs[workers] = _loaded(program(workers))
        queues.use(count)
    except OSError as problem:
        for descriptor in queues.programs.values():
            os.close(descriptor)
        queues.programs = {}
        queues.note = (f"the kernel's own hash steers frames to workers, not (source address + source port // 2) "
                       f"mod {count}: it does not take our program ({problem.strerror})")
    return queues


def open_for_one(name: str) -> Tap:
    """Create the TAP `name`, or attach to it, for one worker: as a pair of queues if that can be had; DeviceError."""
    with suppress(OSError):
        return open_pair(name)
    return Tap(name)


def open_pair(name: str) -> Tap:
    """Create the TAP `name` with a queue to read from and to send much by, and one to send a single frame by.

    What is written to the first, the kernel may take with a thread of its own, on another core. DeviceError if the
    device cannot be had, or is there already; OSError if the kernel does not take the program that fills the first.
    """
    if name in (found for _, found in socket.if_nameindex()):
        raise DeviceError(f"{name} is there already")
    with ExitStack() as opened:
        tap = Tap(name, several=True, later=True)  # first, so that it has number 0
        opened.callback(tap.close)
        tap.use_prompt(Tap(name, several=True))
        all_to_first = _loaded(program(1))
        try:
            fcntl.ioctl(tap.fileno(), TUNSETSTEERINGEBPF, struct.pack("i", all_to_first))
        finally:
            os.close(all_to_first)  # the device keeps it
        opened.pop_all()
    return tap


def program(workers: int) -> bytes:
    """Return the instructions that return a frame's worker, as struct bpf_insn (8 bytes each, native order)."""
    tests: list[bytes | tuple[int, int, int]] = [  # a tuple is a jump to worker 0: code, register, value
        _instruction(LENGTH_OF_FRAME, 2, 1),
        (BELOW, 2, SHORTEST),
        _instruction(LOAD_HALF, value=12),
        (UNEQUAL, 0, TYPE_IPV4),
        _instruction(LOAD_HALF, value=20),
        _instruction(AND, 0, value=0x3FFF),
        (UNEQUAL, 0, 0),
        _instruction(LOAD_BYTE, value=23),
        _instruction(EQUAL, 0, offset=1, value=PROTO_TCP),
        (UNEQUAL, 0, PROTO_UDP),
    ]
    sums = [
        _instruction(LOAD_WORD, value=26),
        _instruction(MOVE_REGISTER, 7, 0),
        _instruction(LOAD_BYTE, value=HEADER_LENGTH),
        _instruction(AND, 0, value=0x0F),
        _instruction(SHIFT_LEFT, 0, value=2),
        _instruction(MOVE_REGISTER, 8, 0),
        _instruction(LOAD_HALF_AT, 0, 8, value=HEADER_LENGTH),
        _instruction(SHIFT_RIGHT, 0, value=1),
        _instruction(ADD_REGISTER, 0, 7),
        _instruction(MODULO, 0, value=workers),
        _instruction(EXIT),
    ]
    first_worker = len(tests) + len(sums)
    made = [_instruction(MOVE_REGISTER, 6, 1)]  # loads from the frame want its context in register 6
    for number, each in enumerate(tests):
        if isinstance(each, tuple):
            code, register, value = each
            each = _instruction(code, register, offset=first_worker - number - 1, value=value)
        made.append(each)
    return b"".join([*made, *sums, _instruction(MOVE, 0), _instruction(EXIT)])


def _instruction(code: int, destination: int = 0, source: int = 0, *, offset: int = 0, value: int = 0) -> bytes:
    return struct.pack("=BBhi", code, source << 4 | destination, offset, value)


def _loaded(instructions: bytes) -> int:
    """Return a descriptor of a program that the kernel has checked; OSError if it refuses."""
    call = SYSTEM_CALL.get(platform.machine())
    if call is None:
        raise OSError(0, f"its number of bpf(2) is not known on {platform.machine()}")
    text, licence = ctypes.create_string_buffer(instructions), ctypes.create_string_buffer(b"GPL")
    attributes = ctypes.create_string_buffer(struct.pack(
        "=IIQQ24x", BPF_PROG_TYPE_SOCKET_FILTER, len(instructions) // 8, ctypes.addressof(text),
        ctypes.addressof(licence),
    ), 48)
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor: int = libc.syscall(call, BPF_PROG_LOAD, attributes, 48)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return descriptor
