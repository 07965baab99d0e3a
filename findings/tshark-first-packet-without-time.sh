#!/bin/bash
# One would guess: a packet that has no time (pcapng's Simple Packet Block) has no influence on the times of the others. The
# relative time of the first packet that has one is 0, or unknown.
# What happens: TShark 4.0.17 shows no time for the packet itself, which is right. But when it is the first of the file, the relative
# times of all others count from 1970: 1700000000.000000000 for a packet of 2023. In the middle of a file it does no harm.
# Simple Packet Blocks are what small devices write, often among blocks with times.
# Who it matters to: whoever plots or compares relative times, or tests a reader of captures against this one.
# Needs: tshark (Debian: tshark), 4.0.17.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tshark --version 2>/dev/null | head -1
cat > show.py <<'PY'
import struct
import subprocess

FRAME = bytes.fromhex("020000000002020000000001" "88b5") + bytes(46)
STAMP = 1_700_000_000_000_000


def block(kind, body):
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def shown(name, packets):
    """The relative time of each packet; empty where there is none."""
    simple = block(3, struct.pack("<I", len(FRAME)) + FRAME)
    timed = block(6, struct.pack("<IIIII", 0, STAMP >> 32, STAMP & 0xFFFFFFFF, len(FRAME), len(FRAME)) + FRAME)
    with open("file.pcapng", "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", 1, 0, 65535)))
        file.write(b"".join({"simple": simple, "timed": timed}[each] for each in packets))
    line = ["tshark", "-r", "file.pcapng", "-T", "fields", "-E", "separator=,", "-e", "frame.number", "-e", "frame.time_relative"]
    told = subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()
    times = [each.partition(",")[2] for each in told]
    print(f"{name}: {times}")
    return times


assert shown("timed first", ["timed", "simple", "timed"]) == ["0.000000000", "", "0.000000000"]
assert shown("simple first", ["simple", "timed", "timed"]) == ["", "1700000000.000000000", "1700000000.000000000"]
PY
python3 show.py
