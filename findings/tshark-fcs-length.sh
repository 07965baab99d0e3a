#!/bin/bash
# One would guess: `if_fcslen` of a pcapng interface is a length in one unit, so that of 4 and 32 one is a frame check sequence of 4
# bytes and the other is not; and where it is left out, what follows a packet is a trailer, and no check sequence.
# What happens: tshark 4.0.17 takes 4 and 32 alike, as 4 bytes. Where the option is left out, it takes 4 bytes behind a packet for the
# check sequence if the frame has 64 bytes, whatever they are, and for a trailer if it is shorter; with 0 they are always a trailer.
# Who it matters to: whoever writes captures with check sequences or with tags behind the packet (switches, time stamps), or reads them
# beside Wireshark. A writer that has none does well to say 0.
set -euo pipefail
command -v tshark > /dev/null || { echo "tshark is needed: the Debian package is called tshark" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
tshark --version 2> /dev/null | head -1
python3 - "$folder/a.pcapng" <<'PY'
import struct
import subprocess
import sys

file = sys.argv[1]


def frame(count):
    """An IPv4 packet with `count` bytes in it, and four more behind it that belong to nothing."""
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + count, 1, 0, 64, 253, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", total ^ 0xFFFF) + head[12:]
    return b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + head + bytes(count) + b"\1\2\3\4"


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def said(frames, length):
    option = b"" if length is None else struct.pack("<HHB3xHH", 13, 1, length, 0, 0)
    with open(file, "wb") as out:
        out.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)) + block(1, struct.pack("<HHI", 1, 0, 0) + option))
        for one in frames:
            out.write(block(6, struct.pack("<IIIII", 0, 0, 0, len(one), len(one)) + one))
    fields = "-T", "fields", "-e", "eth.fcs", "-e", "eth.trailer", "-E", "separator=,"
    run = subprocess.run(["tshark", "-r", file, *fields], capture_output=True, text=True, check=True)
    return run.stdout.split()


long, short = frame(60), frame(20)
assert len(long) >= 64 > len(short)
found = {length: said((long, short), length) for length in (None, 0, 4, 32)}
for length, (one, other) in found.items():
    print(f"if_fcslen {'left out' if length is None else length}: a frame of {len(long)} bytes fcs,trailer {one}, of {len(short)} {other}")
FCS, TRAILER = "0x01020304,", ",01020304"
assert found[4] == found[32] == [FCS, FCS], "4 and 32 are not the same now: this finding has gone"
assert found[None] == [FCS, TRAILER], "nothing is guessed now: this finding has gone"
assert found[0] == [TRAILER, TRAILER]
PY
