#!/bin/bash
# One would guess: a library that reads pcapng gives each packet the time that Wireshark shows.
# What happens: scapy's reader leaves out the interface's option if_tsoffset (pcapng, section 4.2, code 14: seconds to add to
# every timestamp of that interface). All other readers here add it. A file of an interface that counts from its own start
# comes out in 1970, and files of two interfaces are interleaved wrongly, without a warning.
# Who it matters to: whoever merges or compares captures with scapy. Seen with scapy 2.7.0, dpkt 1.9.8 and TShark 4.0.17.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check scapy==2.7.0 dpkt==1.9.8
cat > show.py <<'PY'
import shutil
import struct
import subprocess

import dpkt
import scapy
from scapy.utils import PcapNgReader


def block(kind, body):
    body += bytes(-len(body) % 4)
    size = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + size + body + size


OFFSET, STAMP = 1_000_000, 123_456
option = struct.pack("<HHqHH", 14, 8, OFFSET, 0, 0)
frame = bytes.fromhex("020000000002020000000001" "88b5") + bytes(46)
with open("offset.pcapng", "wb") as file:
    file.write(block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
    file.write(block(1, struct.pack("<HHI", 1, 0, 65535) + option))
    file.write(block(6, struct.pack("<IIIII", 0, 0, STAMP, len(frame), len(frame)) + frame))

[ours] = [float(packet.time) for packet in PcapNgReader("offset.pcapng")]
with open("offset.pcapng", "rb") as file:
    [theirs] = [float(time) for time, _ in dpkt.pcapng.Reader(file)]
print(f"if_tsoffset {OFFSET} s, timestamp {STAMP} us")
print(f"scapy {scapy.VERSION}: {ours}")
print(f"dpkt {dpkt.__version__}: {theirs}")
if shutil.which("tshark"):
    done = subprocess.run(["tshark", "-r", "offset.pcapng", "-T", "fields", "-e", "frame.time_epoch"],
                          capture_output=True, text=True, check=True)
    print(f"tshark: {done.stdout.strip()}")
    assert done.stdout.strip() == "1000000.123456000"
assert theirs == 1000000.123456
assert ours == 0.123456, "scapy adds the offset now: this finding has gone"
PY
v/bin/python show.py 2>&1 | grep -v '^WARNING'
