#!/bin/bash
# One would guess: scapy's fragment() cuts a packet as a router does: IP options whose copied flag is 0 (Record Route, Timestamp) are
# in the first fragment alone (RFC 791, section 3.1; RFC 1122, section 3.2.1.8).
# What happens: scapy 2.7.0 puts every option into every fragment, whatever its flag says.
# Who it matters to: tests of reassembly and of firewalls that are made with fragment(): the fragments are none that a host sends.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv v
v/bin/pip install --quiet --disable-pip-version-check scapy==2.7.0
cat > show.py <<'PY'
import scapy
from scapy.layers.inet import IP, UDP, IPOption_RR, IPOption_Router_Alert, fragment

print("scapy", scapy.VERSION)
packet = IP(src="192.0.2.1", dst="192.0.2.2", options=[
    IPOption_RR(pointer=8, routers=["192.0.2.9", "0.0.0.0"]), IPOption_Router_Alert()]) / UDP(sport=1000, dport=9) / bytes(2000)
found = []
for piece in fragment(packet, fragsize=800):
    written = IP(bytes(piece))
    found.append([option.copy_flag for option in written.options if option.option])
    print(f"offset {written.frag * 8:4}: {[(option.name, option.copy_flag) for option in written.options]}")
assert found[0] == [0, 1]
assert all(flags == [0, 1] for flags in found[1:]), "options are chosen by their flag now: this finding has gone"
PY
v/bin/python show.py 2>&1 | grep -v '^WARNING'
