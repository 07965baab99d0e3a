#!/bin/bash
# One would guess: a packet that scapy has read and whose checksums are made again is the same packet with right checksums.
# What happens: of the zeros that pad the TCP options (RFC 9293, section 3.1: after the end-of-options byte come zeros) scapy 2.7.0
# keeps no more than fill up four bytes; the data offset stays as it was read. With eight zeros the header that is written is four bytes
# shorter than its own data offset says: the first four bytes of the payload become options, and the total length of the IP
# header is four too large. IP options are not shortened, so that one header of the same packet survives and the other does not.
# Who it matters to: whoever rewrites captured packets (addresses, ports, checksums) with scapy: delete dataofs and len too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check scapy==2.7.0
cat > show.py <<'PY'
import struct

import scapy
from scapy.layers.inet import IP, TCP

print("scapy", scapy.VERSION)


def again(options, payload=b"payload!"):
    """A valid packet, read, and written again with new checksums."""
    header = bytes(IP(src="192.0.2.1", dst="192.0.2.2", proto=6, len=40 + len(options) + len(payload)))
    fields = struct.pack("!HHIIBBHHH", 1000, 80, 1, 1, (20 + len(options)) // 4 << 4, 0x18, 1000, 0, 0)
    packet = IP(header + fields + options + payload)
    assert bytes(packet[TCP].payload) == payload
    del packet.chksum, packet[TCP].chksum
    written = bytes(packet)
    offset, length = (written[32] >> 4) * 4, struct.unpack_from("!H", written, 2)[0]
    print(f"options {options.hex():32} data offset {offset}, IP length {length}, bytes written {len(written)}, "
          f"read back {bytes(IP(written)[TCP].payload)}")
    return length - len(written), bytes(IP(written)[TCP].payload)


assert again(b"\x02\x04\x05\xb4") == (0, b"payload!")
assert again(b"\x02\x04\x05\xb4\0\0\0\0") == (0, b"payload!")
assert again(b"\x02\x04\x05\xb4" + bytes(8)) == (4, b"oad!"), "the padding is kept now: this finding has gone"
assert again(bytes(8)) == (4, b"oad!")
PY
v/bin/python show.py 2>&1 | grep -v '^WARNING'
