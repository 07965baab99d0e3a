"""What is remarkable about a frame, by severity and group; and which protocols are in it."""

from collections.abc import Sequence
from typing import Any

from aether.filters.field import FilterField, Getter
from aether.filters.record import Record
from aether.reading import expert
from aether.reading.context import Context
from aether.reading.http import BODIES
from aether.reading.packet import Dissected
from aether.reading.types import BOOLEAN, TEXT, UINT32


def _remarks(record: Record) -> Sequence[expert.ExpertInfo]:
    if record.data is None:
        return ()
    packet = record.packet or record.dissect()
    looked = expert.Looked(packet.data, _context(record, packet))
    return list(expert.remarks(packet, looked, record.measure(), record.exchange()))


def _context(record: Record, packet: Dissected) -> Context | None:
    return record.conversation() if packet.tcp and not packet.tcp[0].ip.quoted else None


def _each(name: str) -> Getter:
    def get(record: Record) -> Sequence[Any]:
        return [getattr(remark, name) for remark in _remarks(record)]
    return get


def _there(record: Record) -> Sequence[bool]:
    return [True for _ in _remarks(record)]


def _malformed(record: Record) -> Sequence[bool]:
    return [True for remark in _remarks(record) if remark.group == expert.MALFORMED]


FIELDS = (
    FilterField("_ws.expert", BOOLEAN, "there is something to remark", _there, only_true=True, measured=True),
    FilterField("_ws.expert.severity", UINT32, "how bad each remark is", _each("severity"), names=expert.SEVERITIES,
                measured=True),
    FilterField("_ws.expert.group", UINT32, "what each remark is about", _each("group"), names=expert.GROUPS,
                measured=True),
    FilterField("_ws.expert.message", TEXT, "the remarks in Wireshark's words, where these are known", _each("message"),
                measured=True),
    FilterField("_ws.malformed", BOOLEAN, "what cannot be read", _malformed, only_true=True, measured=True),
)

TYPED = ("eth", "vlan", "ieee8021ad", "sll")
"""Protocols behind which Wireshark names the type."""
SEVERAL = ("dns", "http")
"""Protocols of which one segment may have several messages; they are named once."""



def protocols(record: Record) -> Sequence[str]:
    """Return the protocols of a frame, the outermost first, as Wireshark strings them together."""
    if record.data is None:
        return ()
    packet = record.packet or record.dissect()
    values = packet.read("eth", _context(record, packet))
    names: list[str] = []
    for layer in values.layers:
        if layer.name == "padding":
            continue
        if names and names[-1] == layer.name and layer.name in SEVERAL:
            continue
        names.append(layer.name)
        if layer.name in TYPED and "eth.len" not in values.found:
            names.append("ethertype")
        elif layer.name == "igmp":
            names.append("igmp")  # once for the version, and once for all versions
    kinds = values.found.get("http.content_type")
    if kinds and names[-1] == "http" and values.found.get("http.file_data"):
        names += [name for begins, name in BODIES if kinds[-1].startswith(begins)][:1]
    return (":".join(names),)
