#!/bin/bash
# One would guess: where a DHCP message has so many options that they go on in the fields of the boot file and of the server's name
# (option 52, "overload"), a dissector lists them in the order in which they count. RFC 2131 §4.1: the field of options first, as a
# whole; then the boot file's; then the server's name. RFC 3396 §5 joins the parts of a long option in this order.
# What happens: TShark 4.0.17 goes into the two fields at once when it meets option 52, the server's name before the boot file, and
# takes the rest of the options last: 53, 52, 12 (server's name), 60 (boot file), 54, 51.
# Who it matters to: whoever compares a reader of DHCP with this one, joins long options from its output, or asks for the first of
# several values.
# Needs: tshark (Debian: tshark), 4.0.17.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
tshark --version 2>/dev/null | head -1
cat > show.py <<'PY'
import socket
import struct
import subprocess


def option(kind, value):
    return bytes((kind, len(value))) + value


def message():
    """A DHCPACK whose options go on in the field of the boot file, and then in that of the server's name."""
    head = bytes.fromhex("02010600 12345678 00000000") + bytes(4) + bytes((10, 0, 0, 9)) + bytes(8)
    sname = (option(12, b"in-sname") + b"\xff").ljust(64, b"\0")
    file = (option(60, b"in-file") + b"\xff").ljust(128, b"\0")
    options = option(53, b"\5") + option(52, b"\3") + option(54, bytes((10, 0, 0, 1))) + option(51, bytes((0, 0, 14, 16))) + b"\xff"
    return head + bytes.fromhex("020000000001").ljust(16, b"\0") + sname + file + bytes.fromhex("63825363") + options


def total(data):
    words = sum(struct.unpack(f">{len(data) // 2}H", data))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return ~words & 0xFFFF


def frame(payload):
    udp = struct.pack(">HHHH", 67, 68, 8 + len(payload), 0) + payload
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.9"))
    return bytes.fromhex("020000000001 020000000002 0800") + ip[:10] + struct.pack(">H", total(ip)) + ip[12:] + udp


data = frame(message())
with open("file.pcap", "wb") as out:
    out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + struct.pack("<IIII", 1, 0, len(data), len(data)) + data)
told = subprocess.run(["tshark", "-r", "file.pcap", "-T", "fields", "-e", "dhcp.option.type"], capture_output=True, text=True, check=True)
kinds = [int(each) for each in told.stdout.strip().split(",")]
print("option kinds in tshark's order:", kinds)
assert [each for each in kinds if each] == [53, 52, 12, 60, 54, 51], "by RFC 2131 it would be 53, 52, 54, 51, 60, 12"
PY
python3 show.py
