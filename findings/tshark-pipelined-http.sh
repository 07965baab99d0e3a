#!/bin/bash
# One would guess: where a client sends three requests of HTTP/1.1 before the first answer comes (pipelining), a dissector pairs the
# answers with them in their order, as RFC 9112 §9.3.2 asks of servers.
# What happens: TShark 4.0.17 says that the first answer is to the latest request, and measures http.time from there. The second and
# the third answer get neither http.request_in nor http.time, and all three are said to be for the address of the third request. On
# the second pass (-2), the first and the second request have no answer. It makes no difference that each message has a segment of
# its own; three requests in one segment have it alike.
# Who it matters to: whoever measures answer times from captures of pipelining clients, or filters by http.response_for.uri.
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

REQUESTS = [b"GET /%s HTTP/1.1\r\nHost: www.example\r\n\r\n" % path for path in (b"one", b"two", b"three")]
ANSWERS = [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body for body in (b"1", b"22", b"333")]


def total(data):
    words = sum(struct.unpack(f">{len(data) // 2}H", data))
    while words >> 16:
        words = (words & 0xFFFF) + (words >> 16)
    return ~words & 0xFFFF


def frame(out, flags, seq, ack, data=b""):
    ports, ends = (50000, 80), [socket.inet_aton(end) for end in ("10.0.0.1", "10.0.0.2")]
    if not out:
        ports, ends = ports[::-1], ends[::-1]
    tcp = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 8000, 0, 0) + data
    around = b"".join(ends) + struct.pack(">HH", 6, len(tcp)) + tcp + bytes(len(tcp) % 2)
    tcp = tcp[:16] + struct.pack(">H", total(around)) + tcp[18:]
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0x4000, 64, 6, 0, *ends)
    return bytes.fromhex("020000000001 020000000002 0800") + ip[:10] + struct.pack(">H", total(ip)) + ip[12:] + tcp


def write(requests, answers):
    """A handshake, all requests, and then all answers: a frame each second."""
    frames, seq, ack = [frame(True, 2, 1000, 0), frame(False, 18, 5000, 1001), frame(True, 16, 1001, 5001)], 1001, 5001
    for data in requests:
        frames.append(frame(True, 24, seq, ack, data))
        seq += len(data)
    for data in answers:
        frames.append(frame(False, 24, ack, seq, data))
        ack += len(data)
    with open("file.pcap", "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for second, data in enumerate(frames):
            out.write(struct.pack("<IIII", second, 0, len(data), len(data)) + data)


def shown(which, *names):
    fields = [word for name in names for word in ("-e", name)]
    told = subprocess.run(["tshark", "-2", "-r", "file.pcap", "-Y", which, "-T", "fields", *fields],
                          capture_output=True, text=True, check=True).stdout
    rows = [line.split("\t") for line in told.removesuffix("\n").split("\n")]
    for row in rows:
        print("  " + ", ".join(f"{name} {value or '-'}" for name, value in zip(names, row)))
    return rows


THIRD = "http://www.example/three"
print("each message in a segment of its own (frames 4-6 ask, 7-9 answer):")
write(REQUESTS, ANSWERS)
assert shown("http.request", "frame.number", "http.request.uri", "http.response_in") == [
    ["4", "/one", ""], ["5", "/two", ""], ["6", "/three", "7"]], "by their order it would be 7, 8, 9"
assert shown("http.response", "frame.number", "http.request_in", "http.time", "http.response_for.uri") == [
    ["7", "6", "1.000000000", THIRD], ["8", "", "", THIRD], ["9", "", "", THIRD]], "by their order it would be 4, 5, 6"
print("all requests in one segment (frame 4), the answers in three:")
write([b"".join(REQUESTS)], ANSWERS)
assert shown("http.response", "frame.number", "http.request_in", "http.time", "http.response_for.uri") == [
    ["5", "4", "1.000000000", THIRD], ["6", "", "", THIRD], ["7", "", "", THIRD]], "by their order all would be to 4"
PY
python3 show.py
