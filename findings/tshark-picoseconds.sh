#!/bin/bash
# One would guess: a pcapng file may count time in any power of ten (option if_tsresol), and Wireshark shows it to its own
# nanosecond.
# What happens: TShark 4.0.17 and capinfos are right up to 10^-10 s. From 10^-11 s on, the fraction of a second is wrong, while the
# seconds are right: half a second in picoseconds is shown as 0.001937910. Nothing warns; differences between packets are wrong, too.
# Capture cards and simulators that stamp in picoseconds write such files, and they are valid.
# Who it matters to: whoever checks a writer of such files, or reads them, with this version.
# Needs: tshark and capinfos (Debian: tshark, wireshark-common), 4.0.17.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tshark --version 2>/dev/null | head -1
cat > show.py <<'PY'
import struct
import subprocess


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


def shown(digits):
    """What tshark and capinfos say of a packet at 1000.5 s, counted in 10^-digits seconds."""
    stamp = 10005 * 10 ** (digits - 1)
    option = struct.pack("<HHB3xHH", 9, 1, digits, 0, 0)
    frame = bytes.fromhex("020000000002020000000001" "88b5") + bytes(46)
    with open("time.pcapng", "wb") as file:
        file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(block(1, struct.pack("<HHI", 1, 0, 65535) + option))
        file.write(block(6, struct.pack("<IIIII", 0, stamp >> 32, stamp & 0xFFFFFFFF, len(frame), len(frame)) + frame))
    fields = ["tshark", "-r", "time.pcapng", "-T", "fields", "-e", "frame.time_epoch"]
    told = [subprocess.run(line, capture_output=True, text=True, check=True).stdout.split()[-1]
            for line in (fields, ["capinfos", "-a", "-S", "time.pcapng"])]
    print(f"10^-{digits} s: tshark {told[0]}, capinfos {told[1]}")
    return [round(float(each), 9) for each in told]


for digits in (3, 6, 9, 10):
    assert shown(digits) == [1000.5] * 2
wrong = [shown(digits) for digits in (11, 12, 13, 14, 15)]
assert all(told != 1000.5 for pair in wrong for told in pair), "they are right now: this finding has gone"
assert wrong[1] == [1000.00193791] * 2
PY
python3 show.py
