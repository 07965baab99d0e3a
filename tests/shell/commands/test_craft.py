"""Crafted frames: what a person writes becomes the bytes that scapy makes of the same description, and nothing else."""

from __future__ import annotations

import json
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.all import (
    ARP,
    BOOTP,
    DHCP,
    DNS,
    DNSQR,
    DNSRR,
    ICMP,
    IP,
    TCP,
    UDP,
    Dot1Q,
    Ether,
    ICMPerror,
    IPerror,
    IPOption,
    IPOption_LSRR,
    IPOption_Router_Alert,
    IPOption_RR,
    Padding,
    Raw,
    TCPerror,
    UDPerror,
)
from scapy.contrib.igmp import IGMP
from scapy.layers.inet import IPOption_EOL, IPOption_NOP, IPOption_Security, IPOption_SSRR, IPOption_Timestamp

from shell.craft.expressions import evaluate
from shell.craft.layers import Endpoints, complete
from shell.craft.notation import parse
from shell.language.grammar import CommandError
from tests.shell.conftest import Shell

US, THEM = "02:00:00:00:00:02", "02:00:00:00:00:01"
ENDS = Endpoints(US, "192.168.1.2", THEM, "192.168.1.1")


def as_json(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


def frame_bytes(shell: Shell, number: int) -> bytes:
    return bytes.fromhex(as_json(shell, f"frame {number}")["data"])


def out(**more: Any) -> Any:
    return Ether(src=US, dst=THEM) / IP(src="192.168.1.2", dst="192.168.1.1", flags="DF", **more)


def back(**more: Any) -> Any:
    return Ether(src=THEM, dst=US) / IP(src="192.168.1.1", dst="192.168.1.2", flags="DF", **more)


SHORT = [
    ("send syn 192.168.1.1:80 sport=4000", out() / TCP(sport=4000, dport=80, flags="S", seq=1000, window=64240)),
    ("send syn 192.168.1.1:80 sport=4000 seq=7 win=1 options=mss:536,sack",
     out() / TCP(sport=4000, dport=80, flags="S", seq=7, window=1, options=[("MSS", 536), ("SAckOK", b"")])),
    ("send syn 192.168.1.1:80 sport=4000 options=mss:1460,sack,ts:5/6,nop,ws:7 ttl=9 tos=4 id=77",
     out(ttl=9, tos=4, id=77) / TCP(sport=4000, dport=80, flags="S", seq=1000, window=64240, options=[
         ("MSS", 1460), ("SAckOK", b""), ("Timestamp", (5, 6)), ("NOP", None), ("WScale", 7)])),
    ("send synack 192.168.1.1:81 sport=1 ack=5",
     out() / TCP(sport=1, dport=81, flags="SA", seq=1000, ack=5, window=64240)),
    ("send ack 192.168.1.1:80 sport=2 seq=0xff ack=3 options=nop,nop,blocks:10-20+30-40",
     out() / TCP(sport=2, dport=80, flags="A", seq=255, ack=3, window=64240, options=[
         ("NOP", None), ("NOP", None), ("SAck", (10, 20, 30, 40))])),
    ("send fin 192.168.1.1:80 sport=3", out() / TCP(sport=3, dport=80, flags="FA", seq=1000, window=64240)),
    ("send rst 192.168.1.1:80 sport=3 flags=RA urg=9",
     out() / TCP(sport=3, dport=80, flags="RA", seq=1000, window=64240, urgptr=9)),
    ('send psh 192.168.1.1:80 sport=3 data="a b"',
     out() / TCP(sport=3, dport=80, flags="PA", seq=1000, window=64240) / b"a b"),
    ('send data 192.168.1.1:80 sport=3 "x" checksum=0x1234',
     out() / TCP(sport=3, dport=80, flags="PA", seq=1000, window=64240, chksum=0x1234) / b"x"),
    ("send data 192.168.1.1:80 sport=3 hex=00ff", out() / TCP(
        sport=3, dport=80, flags="PA", seq=1000, window=64240) / b"\x00\xff"),
    ("send ping 192.168.1.1 id=5 seq=6 size=4", out(id=1) / ICMP(type=8, id=5, seq=6) / b"\0\1\2\3"),
    ("send ping 192.168.1.1 type=13 code=1", out(id=1) / ICMP(type=13, code=1, id=1, seq=1)),
    ("send arp 192.168.1.1", Ether(src=US, dst="ff:ff:ff:ff:ff:ff") / ARP(
        op=1, hwsrc=US, psrc="192.168.1.2", hwdst="00:00:00:00:00:00", pdst="192.168.1.1")),
    ("send arp 192.168.1.1 op=reply psrc=192.168.1.9 hwsrc=02:00:00:00:00:09", Ether(src=US, dst=THEM) / ARP(
        op=2, hwsrc="02:00:00:00:00:09", psrc="192.168.1.9", hwdst=THEM, pdst="192.168.1.1")),
    ('send udp 192.168.1.1:7 sport=9 "hi"', out() / UDP(sport=9, dport=7) / b"hi"),
    ("send udp 192.168.1.1:7 sport=9 checksum=0", out() / UDP(sport=9, dport=7, chksum=0)),
    ("send udp 192.168.1.1:7 sport=9 ip_flags=mf frag=2", Ether(src=US, dst=THEM) / IP(
        src="192.168.1.2", dst="192.168.1.1", flags="MF", frag=2) / UDP(sport=9, dport=7)),
    ("send dns www.lab sport=9 id=4", out(id=1) / UDP(sport=9, dport=53) / DNS(id=4, rd=1, qd=DNSQR(qname="www.lab"))),
    ("send dns www.lab sport=9 qtype=MX", out(id=1) / UDP(sport=9, dport=53) / DNS(
        id=1, rd=1, qd=DNSQR(qname="www.lab", qtype="MX"))),
    ("send ip 192.168.1.1 proto=99 hex=0102", out(proto=99) / b"\1\2"),
    ("inject syn from 192.168.1.1:4000 to :80", back() / TCP(sport=4000, dport=80, flags="S", seq=1000, window=64240)),
    ("inject synack from 192.168.1.1:80 to :9", back() / TCP(sport=80, dport=9, flags="SA", seq=1000, window=64240)),
    ("inject ack from 192.168.1.1:80 to :9", back() / TCP(sport=80, dport=9, flags="A", seq=1000, window=64240)),
    ("inject fin from 192.168.1.1:80 to :9", back() / TCP(sport=80, dport=9, flags="FA", seq=1000, window=64240)),
    ("inject rst from 192.168.1.1:80 to :9", back() / TCP(sport=80, dport=9, flags="R", seq=1000, window=64240)),
    ("inject psh from 192.168.1.1:80 to :9 'x'", back() / TCP(
        sport=80, dport=9, flags="PA", seq=1000, window=64240) / b"x"),
    ("inject data from 192.168.1.1:80 to :9 data=x", back() / TCP(
        sport=80, dport=9, flags="PA", seq=1000, window=64240) / b"x"),
    ("inject ping from 192.168.1.1 id=3", back(id=1) / ICMP(type=8, id=3, seq=1)),
    ("inject udp from 192.168.1.1:5 to :7 'x'", back() / UDP(sport=5, dport=7) / b"x"),
    ("inject arp from 192.168.1.1 op=reply", Ether(src=THEM, dst=US) / ARP(
        op=2, hwsrc=THEM, psrc="192.168.1.1", hwdst=US, pdst="192.168.1.2")),
    ("inject dns www.lab to :9 answer=10.6.6.6 id=4", back(id=1) / UDP(sport=53, dport=9) / DNS(
        id=4, qr=1, rd=1, ra=1, qd=DNSQR(qname="www.lab"),
        an=DNSRR(rrname="www.lab", type="A", ttl=60, rdata="10.6.6.6"))),
    ("inject ip from 192.168.1.1 proto=99", back(proto=99)),
]


@pytest.mark.parametrize(("line", "packet"), SHORT, ids=[line for line, _ in SHORT])
def test_a_short_form_is_what_scapy_makes_of_the_same(shell: Shell, line: str, packet: Any) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    found = as_json(shell, line)
    assert frame_bytes(shell, found["frame"]) == bytes(packet)


CRAFTED = [
    'IP(dst="192.168.1.1")/TCP(dport=80, flags="S")/"x"', "IP()/TCP()", "IP()/UDP()", "IP()/ICMP()", "ARP()",
    'ARP(op=2, psrc="192.168.1.9")', 'ARP(op="is-at")', "ARP(hwtype=6, ptype=0x86dd)", "Ether()/IP()/TCP()",
    'Ether(dst="ff:ff:ff:ff:ff:ff")/ARP(pdst="192.168.1.7")', "Ether(type=0x9000)/Raw(load=b'\\x00\\x01')",
    "Dot1Q(vlan=7)/IP()/UDP()", "IP(ttl=1, tos=0xb8, id=77, flags='DF')/ICMP()",
    "IP(flags='MF', frag=0)/ICMP()/('x'*8)", "IP(frag=3, proto=17)/Raw(load='rest')", "IP(version=5)/TCP()",
    "IP(ihl=4)/TCP()", "IP(len=20)/TCP()", "IP(chksum=0xdead)/TCP()", "IP(src='10.9.9.9')/ICMP()",
    "IP(dst='224.0.0.1')/IGMP()", "IP()/IGMP(type=0x16, gaddr='224.1.1.1')", "IP(proto=253)/Raw('any')",
    "IP(options=[IPOption_RR(routers=['0.0.0.0', '0.0.0.0'])])/ICMP()",
    "IP(options=[IPOption_LSRR(routers=['10.0.0.1'])])/TCP()",
    "IP(options=[IPOption_SSRR(routers=['10.0.0.1'])])/TCP()",
    "IP(options=[IPOption_Timestamp(flg=0)])/ICMP()", "IP(options=[IPOption_Router_Alert()])/IGMP()",
    "IP(options=[IPOption_NOP(), IPOption_EOL()])/UDP()", "IP(options=[IPOption_Security()])/UDP()",
    "IP(options=[IPOption(copy_flag=1, option=30, value=b'\\x01\\x02')])/UDP()",
    "TCP()", "IP()/TCP(sport=1, dport=2, seq=3, ack=4, window=5, urgptr=6)",
    "IP()/TCP(flags='SFRPAU')", "IP()/TCP(flags='EC')", "IP()/TCP(flags=0)", "IP()/TCP(reserved=7)",
    "IP()/TCP(dataofs=15)", "IP()/TCP(chksum=1)", "IP()/TCP(options=[('MSS', 536)])",
    "IP()/TCP(options=[('MSS', 1460), ('SAckOK', ''), ('Timestamp', (1, 2)), ('NOP', None), ('WScale', 7)])",
    "IP()/TCP(options=[('SAck', (1, 2, 3, 4))])", "IP()/TCP(options=[('NOP', None), ('EOL', None)])",
    "IP()/TCP(options=[(254, b'abc')])", "IP()/TCP(options=[('UTO', 5)])", "IP()/TCP()/b'\\x00\\xff'",
    "IP()/TCP()/Raw(load='GET / HTTP/1.0\\r\\n\\r\\n')", "IP()/UDP(sport=53, dport=9, len=4)/'xy'",
    "IP()/UDP(chksum=0)/'xy'", "IP()/UDP()/('ab' * 100)", "IP()/ICMP(type=3, code=4, nexthopmtu=576)",
    "IP()/ICMP(type=3, code=3)/IPerror(proto=17)/UDPerror(sport=1, dport=2)",
    "IP()/ICMP(type=11)/IPerror(proto=6)/TCPerror(sport=1, dport=2, seq=3)",
    "IP()/ICMP(type=12, ptr=20)/IPerror(proto=1)/ICMPerror()", "IP()/ICMP(type=5, gw='192.168.1.254')",
    "IP()/ICMP(type=13)", "IP()/UDP(dport=53)/DNS(rd=1, qd=DNSQR(qname='www.lab', qtype='AAAA'))",
    "IP()/UDP(sport=53)/DNS(qr=1, qd=DNSQR(qname='a.lab'), an=DNSRR(rrname='a.lab', rdata='10.1.1.1', ttl=9))",
    "IP(src='0.0.0.0', dst='255.255.255.255')/UDP(sport=68, dport=67)/BOOTP(xid=7)/"
    "DHCP(options=[('message-type', 'discover'), 'end'])",
    "IP()/UDP()/'x'/Padding(load='tail')", "IP()/IP()/ICMP()", "IP()/TCP(window=-0)",
]
DEFAULT = {IP: {"src": "192.168.1.2", "dst": "192.168.1.1"}, IPerror: {"src": "192.168.1.1", "dst": "192.168.1.2"}}


def by_scapy(text: str) -> bytes:
    """Return what scapy itself makes of a description, the missing addresses added by hand."""
    packet = eval(text)  # the texts of the table above, and nothing else
    if not isinstance(packet, Ether):
        packet = Ether(type=0x0806 if isinstance(packet, ARP) else 0x0800) / packet
    packet.fields.setdefault("src", US)
    asks = isinstance(packet.payload, ARP) and packet.payload.op == 1
    packet.fields.setdefault("dst", "ff:ff:ff:ff:ff:ff" if asks else THEM)
    layer, outer = packet.payload, True
    while layer:
        if isinstance(layer, ARP):
            for name, value in {"hwsrc": US, "psrc": "192.168.1.2", "pdst": "192.168.1.1",
                                "hwdst": "00:00:00:00:00:00"}.items():
                layer.fields.setdefault(name, value)
        elif isinstance(layer, (IP, IPerror)):
            ends = ("192.168.1.2", "192.168.1.1") if outer else ("192.168.1.1", "192.168.1.2")
            layer.fields.setdefault("src", ends[0])
            layer.fields.setdefault("dst", ends[1])
            outer = False
        layer = layer.payload
    return bytes(packet)


@pytest.mark.parametrize("text", CRAFTED)
def test_a_crafted_packet_is_what_scapy_makes_of_the_same(text: str) -> None:
    assert len(CRAFTED) >= 60
    assert complete(parse(text), ENDS) == by_scapy(text)


@pytest.mark.needs("tshark", "text2pcap")
def test_tshark_reads_crafted_packets_as_they_were_meant(tmp_path: Path) -> None:
    meant = [
        ("IP()/TCP(sport=1111, dport=80, flags='SA', seq=5, window=9)", "tcp.srcport == 1111 && tcp.flags == 0x12"),
        ("IP(ttl=3)/UDP(dport=7)/'hello'", 'ip.ttl == 3 && udp.dstport == 7 && frame contains "hello"'),
        ("IP()/ICMP(type=3, code=4, nexthopmtu=576)/IPerror()/UDPerror()", "icmp.code == 4 && icmp.mtu == 576"),
        ("ARP(op=2, psrc='192.168.1.9')", "arp.opcode == 2 && arp.src.proto_ipv4 == 192.168.1.9"),
        ("IP()/UDP(dport=53)/DNS(qd=DNSQR(qname='www.lab', qtype='MX'))",
         'dns.qry.name == "www.lab" && dns.qry.type == 15'),
        ("IP()/TCP(options=[('MSS', 536), ('SAckOK', '')])", "tcp.options.mss_val == 536 && tcp.options.sack_perm"),
        ("IP()/IGMP(type=0x16, gaddr='224.1.1.1')", "igmp.type == 0x16 && igmp.maddr == 224.1.1.1"),
        ("IP(flags='MF')/UDP()/('x'*8)", "ip.flags.mf == 1"),
    ]
    for text, expression in meant:
        dump = tmp_path / "dump.txt"
        dump.write_text("0000 " + complete(parse(text), ENDS).hex(" ") + "\n")
        subprocess.run(["text2pcap", "-q", str(dump), str(tmp_path / "one.pcap")], check=True, capture_output=True)
        found = subprocess.run(
            ["tshark", "-r", str(tmp_path / "one.pcap"), "-Y", expression], check=True, capture_output=True, text=True)
        assert found.stdout.strip(), f"{text} is not {expression}"


HOSTILE = [
    '__import__("os").system("touch {mark}")', 'open("{mark}", "w")', 'IP().__class__.__base__.__subclasses__()',
    '[IP() for _ in range(10**9)]', 'IP(ttl=9**9**9)', 'IP(ttl=' + "9" * 5000 + ')', "IP(" * 60 + ")" * 60,
    '(lambda: open("{mark}", "w"))()', 'IP(dst=__import__("socket").gethostname())', 'IP(**{{"ttl": 1}})',
    'IP(dst="www.example.com")/TCP()', 'IP()/("x" * 10**9)', 'eval("1")', 'IP(ttl=(x := 5))', 'IP(ttl=f"{{1}}")',
    'IP() if open("{mark}", "w") else IP()', 'IP(ttl=True and open("{mark}"))', 'IP(ttl=1.5)', 'IP(ttl=1j)',
    'IP(ttl=...)',
    'IP()/TCP', 'TCP.payload', 'IP()/5', 'import os', 'IP(); ICMP()', '', '(' * 300, '"' + "x" * 70_000 + '"',
    "IP()" + "/IP()" * 2000, "IP(nothing=1)", "RandString(100)", "IP(src=[['a']])", "\x00", "IP(dst='\ud800')",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:30] for text in HOSTILE])
def test_hostile_descriptions_are_refused_and_do_nothing(text: str, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(CommandError) as refused:
        complete(parse(text.replace("{mark}", str(mark)).replace("{{", "{").replace("}}", "}")), ENDS)
    assert str(refused.value)
    assert not mark.exists()


@given(st.text(max_size=60))
def test_any_text_is_a_packet_or_refused(text: str) -> None:
    try:
        complete(parse(text), ENDS)
    except CommandError:
        return


def test_a_handshake_by_hand(shell: Shell) -> None:
    first = as_json(shell, "send syn 192.168.1.1:7 sport=4000 seq=99 --no-rst")
    theirs = as_json(shell, f"frame {first['answers'][1]['number']}")
    fields = {field["name"]: field["text"] for layer in theirs["layers"] for field in layer["fields"]}
    data = bytes.fromhex(theirs["data"])
    isn = int.from_bytes(data[38:42], "big")
    assert data[47] == 0x12, "SYN and ACK"
    assert fields["tcp.flags"] == "SYN,ACK"
    shell.run(f"send ack 192.168.1.1:7 sport=4000 seq=100 ack={isn + 1 & 0xFFFFFFFF} --no-rst --wait 10ms")
    said = as_json(shell, f'send data 192.168.1.1:7 sport=4000 seq=100 ack={isn + 1 & 0xFFFFFFFF} "echo me" --no-rst')
    assert any(row["direction"] == "in" and "len=7" in row["info"] for row in said["answers"])


def test_the_defaults_come_from_the_connection(shell: Shell) -> None:
    number = as_json(shell, "tcp connect 192.168.1.1:7")["connection"]
    shell.run(f'tcp send {number} "one"')
    said = as_json(shell, f'send data conn {number} "two"')
    assert any(row["direction"] == "in" and "len=3" in row["info"] for row in said["answers"]), said
    dropped = as_json(shell, f"inject rst conn {number} seq=rcv_nxt+10")
    assert dropped["answers"][0]["dropped"] == "tcp.rst_not_exact"
    assert any("tcp.challenge_ack" in line for line in dropped["explanation"])
    assert any("RFC 5961" in line for line in dropped["explanation"])
    gone = as_json(shell, f"inject rst conn {number}")
    assert "CLOSED" in " ".join(gone["answers"][0]["notes"])


def test_count_and_every(shell: Shell) -> None:
    found = as_json(shell, "send ping 192.168.1.1 count=5 every=200ms")
    assert found["count"] == 5
    sent = [row["time_us"] for row in found["answers"] if row["direction"] == "out"]
    assert len(sent) == 5
    assert all(later - earlier >= 200_000 for earlier, later in pairwise(sent))
    many = as_json(shell, "send syn 192.168.1.1:80 count=20")
    ports = {row["source"] for row in many["answers"] if row["flags"] == "S"}
    assert many["count"] == 20
    assert len(ports) == 20


def test_edit_and_resend(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    number = next(row["number"] for row in as_json(shell, "frames icmp")["frames"] if row["direction"] == "out")
    before = frame_bytes(shell, number)
    draft = as_json(shell, f"edit {number} ip.ttl=1 ip.dst=10.0.2.2")
    after = bytes.fromhex(draft["hex"])
    packet = Ether(before)
    packet[IP].ttl, packet[IP].dst = 1, "10.0.2.2"
    del packet[IP].chksum
    assert after == bytes(packet)
    assert any("ip.checksum" in change and "again" in change for change in draft["changes"])
    expired = as_json(shell, f"send frame{number}")
    assert any("exceeded" in row["info"] for row in expired["answers"])
    changes = f"eth.dst={US} ip.src=192.168.1.1 ip.dst=192.168.1.2 frame[22]=9 --keep-checksums"
    wrong = as_json(shell, f"edit {number} {changes}")
    assert Ether(bytes.fromhex(wrong["hex"]))[IP].ttl == 9
    dropped = as_json(shell, f"inject frame{number}")
    assert dropped["answers"][0]["dropped"] == "ipv4.checksum"
    again = as_json(shell, f"resend {number}")
    assert frame_bytes(shell, again["frame"]) == before
    both = as_json(shell, f"resend {number}-{number + 1}")
    assert both["count"] == 2


@pytest.mark.parametrize(("changes", "check"), [
    ("tcp.seq=1000", lambda p, old: p[TCP].seq == old[TCP].seq + 1000),
    ("tcp.seq_raw=0x10", lambda p, old: p[TCP].seq == 16),
    ("tcp.flags=SF", lambda p, old: p[TCP].flags == "SF"),
    ("tcp.flags.push=1", lambda p, old: p[TCP].flags == "SP"),
    ("tcp.window_size_value=7", lambda p, old: p[TCP].window == 7),
    ("tcp.options.mss_val=99", lambda p, old: dict(p[TCP].options)["MSS"] == 99),
    ("tcp.options.wscale.shift=3", lambda p, old: dict(p[TCP].options)["WScale"] == 3),
    ('data="more"', lambda p, old: bytes(p[TCP].payload) == b"more" and p[IP].len == old[IP].len + 4),
    ("ip.flags.df=0 ip.frag_offset=8", lambda p, old: p[IP].flags == 0 and p[IP].frag == 1),
    ("ip.checksum=0x1234", lambda p, old: p[IP].chksum == 0x1234),
    ("tcp.checksum=1", lambda p, old: p[TCP].chksum == 1),
    ("eth.src=02:00:00:00:00:77", lambda p, old: p.src == "02:00:00:00:00:77"),
])
def test_what_an_edit_changes(shell: Shell, changes: str, check: Any) -> None:
    shell.run("tcp connect 192.168.1.1:80")
    number = next(row["number"] for row in as_json(shell, "frames tcp.flags.syn == 1")["frames"])
    old = Ether(frame_bytes(shell, number))
    new = Ether(bytes.fromhex(as_json(shell, f"edit {number} {changes}")["hex"]))
    assert check(new, old)
    if "checksum" not in changes and "frag" not in changes:
        fixed = new.copy()
        del fixed[IP].chksum, fixed[TCP].chksum
        assert bytes(fixed) == bytes(new)


@pytest.mark.parametrize(("line", "said"), [
    ("send syn conn 9", "no connection 9"), ("send syn conn x", "number of a connection"),
    ("send syn 192.168.1.1:80 seq=rcv_nxt", "conn N"), ("send syn 192.168.1.1:80 options=foo", "no TCP option 'foo'"),
    ("send syn 192.168.1.1:80 count=100000", "at most 10,000"), ("send udp 192.168.1.1", "port"),
    ("inject syn from", "needs an address"), ("inject dns", "needs a name"), ("edit 1 ip.ttl=1", "no frame 1"),
    ("resend 5-3", "ends before it begins"), ("resend x", "number"), ("craft as 7x IP()", "a name is one word"),
    ("craft as x", "craft as x what?"), ("send nothing", "no crafted frame 'nothing'"), ("fuzz zzz", "zzz"),
    ("send arp 192.168.1.1 op=maybe", "request or reply"), ("send dns www.lab qtype=XX", "no type of record"),
])
def test_what_is_wrong_is_said(shell: Shell, line: str, said: str) -> None:
    assert said in shell.fail(line)


def test_fuzz_repeats(shell: Shell) -> None:
    found = as_json(shell, 'fuzz --inject --count 60 --seed 4 IP(src="192.168.1.1")/TCP(dport=80)')
    assert found["count"] == 60
    assert sum(found["drops"].values()) + sum(found["answers"].values()) > 10
    first = frame_bytes(shell, found["first"])
    again = as_json(shell, 'fuzz --inject IP(src="192.168.1.1")/TCP(dport=80) count=60 seed=4')
    assert frame_bytes(shell, again["first"]) == first


@pytest.mark.parametrize(("text", "value"), [
    ("5", 5), ("0x10", 16), ("rcv_nxt+10", 110), ("2*(rcv_nxt-1)", 198), ("-3+5", 2), (" 7 ", 7)])
def test_expressions(text: str, value: int) -> None:
    assert evaluate(text, {"rcv_nxt": 100}) == value


@pytest.mark.parametrize("text", [
    "", "+", "1+", "(1", "1)", "x", "rcv_nx", "1 2", "9" * 30, "9*" * 90 + "9", "1.5", "a.b", "(" * 199])
def test_expressions_that_are_none(text: str) -> None:
    with pytest.raises(CommandError):
        evaluate(text, {"rcv_nxt": 100})


assert all((BOOTP, DHCP, Dot1Q, ICMPerror, IGMP, IPOption, IPOption_EOL, IPOption_LSRR, IPOption_NOP, IPOption_RR,
            IPOption_Router_Alert, IPOption_SSRR, IPOption_Security, IPOption_Timestamp, Padding, Raw, TCPerror,
            UDPerror))
"""The names that the descriptions use."""


def test_frames_of_a_capture_are_edited_and_resent(shell: Shell, tmp_path: Path) -> None:
    """What somebody else captured can be done to our own stack."""
    file = tmp_path / "pings.pcapng"
    shell.run("ping 192.168.1.1 --count 2")
    shell.run(f"capture save {file}")
    shell.run(f"capture load {file}")
    rows = as_json(shell, "frames icmp.type == 8")["frames"]
    said = as_json(shell, f"resend {rows[0]['number']}")
    assert [row["direction"] for row in said["answers"]][:2] == ["out", "in"]
    changed = as_json(shell, f"edit {rows[0]['number']} icmp.seq=77")
    assert any("77" in change for change in changed["changes"])


def test_with_the_trace_on_a_frame_that_was_injected_is_shown_once(shell: Shell) -> None:
    shell.run("ping 192.168.1.1 --count 1")
    shell.run("edit 4 ip.ttl=1 --keep-checksums")
    shell.run("trace on")
    printed = shell.run("inject frame4")
    assert "frame 5 injected: " in printed
    assert "Dropped, ipv4.checksum" in printed
    assert "checksum wrong" in shell.run("frames")
    assert "malformed" not in shell.run("frames")
