"""From the text of a script to what it says. Importing this module imports lark."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from lark import Lark, Token, Tree
from lark.exceptions import UnexpectedInput

from shell.drill import expressions, sysctls
from shell.drill.errors import Place, ScriptError
from shell.drill.explain import explain
from shell.drill.head import directives, read_option
from shell.drill.icmp import find_icmp
from shell.drill.script import (
    Anything,
    Array,
    Code,
    Either,
    Event,
    Expr,
    Float,
    Function,
    IcmpPacket,
    IpFields,
    Number,
    QuotedText,
    Result,
    Script,
    ScriptCall,
    ScriptLine,
    ScriptOptions,
    Span,
    Struct,
    Symbol,
    SysctlsLine,
    TcpOption,
    TcpPacket,
    Time,
    UdpPacket,
)
from shell.files.opening import read_whole

MAX_SIZE = 400_000
"""Characters of a script."""
MAX_LINES = 20_000
MAX_DEPTH = 20
"""How deep arrays and structures may be nested."""
MAX_TIME = 600_000_000
"""Microseconds of virtual time that a script may take."""
MAX_PAYLOAD = 65_495
"""Bytes of a segment that one line writes down."""
_ESCAPES = {"n": b"\n", "r": b"\r", "t": b"\t", "0": b"\0", "\\": b"\\", '"': b'"'}
_ESCAPE = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)

_Tree = Tree[Token]


@lru_cache(maxsize=1)
def _lark() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


@lru_cache(maxsize=256)
def parse(source: str, file: str = "script") -> Script:
    """Return what a script says; ScriptError with file, line and column, and what was expected. Not to be changed."""
    if len(source) > MAX_SIZE:
        raise ScriptError(f"the script has {len(source)} characters; {MAX_SIZE} are allowed", Place(1, 1), file)
    try:
        tree = _lark().parse(source)
    except UnexpectedInput as problem:
        raise explain(problem, source, file) from None
    return _Builder(source, file).script(tree)


def load(path: Path) -> Script:
    """Read a script from a file; ScriptError for what is no script, OSError for what cannot be read."""
    try:
        return parse(read_whole(path, 4 * MAX_SIZE).decode("utf-8"), str(path))
    except UnicodeDecodeError:
        raise ScriptError("this is no script: it is not UTF-8 text", Place(1, 1), str(path)) from None


class _Builder:
    """Turns lark's tree into ours."""

    def __init__(self, source: str, file: str) -> None:
        self.source, self.file = source, file
        self.options = ScriptOptions()

    def wrong(self, problem: str, where: _Tree | Token | Place) -> ScriptError:
        return ScriptError(problem, where if isinstance(where, Place) else self.place(where), self.file)

    def place(self, where: _Tree | Token) -> Place:
        if isinstance(where, Token):
            return Place(where.line or 1, where.column or 1)
        meta = where.meta
        return Place(getattr(meta, "line", 1), getattr(meta, "column", 1))

    def script(self, tree: _Tree) -> Script:
        script = Script(self.file, self.source, self.options, [])
        for each in tree.children:
            assert isinstance(each, Tree)
            if each.data == "option":
                token = _token(each.children[0])
                read_option(self.options, str(token), self.place(token), self.file)
            else:
                script.lines.append(self._event(each))
        if len(script.lines) > MAX_LINES:
            raise self.wrong(f"a script has {MAX_LINES} lines at the most", script.lines[MAX_LINES].place)
        if not script.lines:
            raise ScriptError(
                "the script is empty: expected a line such as 0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3",
                Place(1, 1), self.file)
        directives(script)
        return script

    def _event(self, tree: _Tree) -> ScriptLine:
        if tree.data == "command":
            token = _token(tree.children[0])
            return ScriptLine(self.place(token), self._text(tree), Time("relative", 0), self._settings(token))
        time, body = tree.children
        assert isinstance(time, Tree) and isinstance(body, Tree)
        when = self._time(time)
        event: Event = getattr(self, f"_{body.data}")(body)
        if when.blocking and not isinstance(event, ScriptCall):
            raise self.wrong("only a call can take from one time to another (...); a packet has a range: +0~+0.1", time)
        if when.kind == "any" and not (isinstance(event, (TcpPacket, UdpPacket, IcmpPacket)) and not event.inbound):
            raise self.wrong("* is for packets that are expected (>): what we do ourselves has a time", time)
        if when.end >= 0 and not when.blocking and isinstance(event, (TcpPacket, UdpPacket, IcmpPacket)) \
                and event.inbound:
            raise self.wrong("a packet of ours goes in at one time, not in a range", time)
        return ScriptLine(self.place(tree), self._text(tree), when, event)

    def _text(self, tree: _Tree) -> str:
        """Return the source of an event on one line."""
        text = self.source[tree.meta.start_pos:tree.meta.end_pos]
        text = re.sub(r"/\*.*?\*/", " ", text, flags=re.DOTALL)
        return " ".join(re.sub(r"(?m)(?:#|//)[^\n]*$", "", text).split())

    def _time(self, tree: _Tree) -> Time:
        kind, _, shape = tree.data.partition("_")
        if kind == "any":
            return Time("any")
        numbers = [self._microseconds(each) for each in tree.children if isinstance(each, Tree)]
        start, end = numbers[0], numbers[1] if len(numbers) > 1 else -1
        if end >= 0 and end < start:
            raise self.wrong("the time ends before it begins", tree)
        return Time(kind, start, end, shape == "blocking")

    def _microseconds(self, tree: _Tree) -> int:
        token = _token(tree.children[0])
        seconds, _, fraction = str(token).partition(".")
        if len(seconds) > 9:
            raise self.wrong(f"a script takes {MAX_TIME // 1_000_000} seconds at the most", token)
        value = int(seconds or 0) * 1_000_000 + int((fraction + "000000")[:6])
        if value > MAX_TIME:
            raise self.wrong(f"a script takes {MAX_TIME // 1_000_000} seconds at the most, not {token}", token)
        return value

    def _settings(self, token: Token) -> SysctlsLine:
        place = self.place(token)
        found = sysctls.read(str(token)[1:-1], Place(place.line, place.column + 1), self.file)
        return SysctlsLine(place, found)

    def _shell(self, tree: _Tree) -> SysctlsLine:
        return self._settings(_token(tree.children[0]))

    def _code(self, tree: _Tree) -> Code:
        token = _token(tree.children[0])
        place = self.place(token)
        return Code(place, expressions.read(str(token)[2:-2], Place(place.line, place.column + 2), self.file))

    # Packets.

    def _number(self, token: Any, largest: int = 0xFFFFFFFF) -> int:
        text = str(token)
        value = int(text, 16 if text.startswith("0x") else 10) if len(text) < 25 else 1 << 90
        if value > largest:
            raise self.wrong(f"expected a number up to {largest}, not {text[:30]}", token)
        return value

    def _packet(self, tree: _Tree) -> tuple[Place, bool, IpFields, dict[str, _Tree]]:
        parts = {str(each.data): each for each in tree.children if isinstance(each, Tree)}
        fields = IpFields()
        if "ip_fields" in parts:
            fields = self._ip_fields(parts["ip_fields"])
        return self.place(tree), str(tree.children[0]) == "<", fields, parts

    def _ip_fields(self, tree: _Tree) -> IpFields:
        found: dict[str, Any] = {}
        limits = {"tos": 255, "ttl": 255, "identification": 0xFFFF}
        for each in tree.children:
            assert isinstance(each, Tree)
            name, tokens = str(each.data), each.children
            if name in found:
                raise self.wrong(f"{name} was given already", each)
            if name == "ecn":
                found[name] = str(tokens[0])
            elif name in limits:
                found[name] = self._number(tokens[0], limits[name])
            elif name == "dont_fragment":
                found["dont_fragment"] = True
            elif name == "may_fragment":
                found["dont_fragment"] = False
            elif name == "more_fragments":
                found[name] = True
            else:
                first, last = (self._number(token, 65_535) for token in tokens)
                if first % 8 or last <= first:
                    raise self.wrong("a fragment is FIRST:END of the payload's bytes; FIRST is a multiple of 8", each)
                found["fragment"] = first, last
        return IpFields(**found)

    def _addresses(self, parts: dict[str, _Tree]) -> tuple[tuple[str, int], tuple[str, int]] | None:
        if "addresses" not in parts:
            return None
        source, _, destination = parts["addresses"].children
        return self._endpoint(_token(source)), self._endpoint(_token(destination))

    def _endpoint(self, token: Token) -> tuple[str, int]:
        address, _, port = str(token).partition(":")
        if any(len(part) > 3 or int(part) > 255 for part in address.split(".")):
            raise self.wrong(f"{address} is no IPv4 address", token)
        if not port or len(port) > 5 or not 0 < int(port) < 65_536:
            raise self.wrong(f"expected an address and a port, such as {address}:8080", token)
        return address, int(port)

    def _span(self, tree: _Tree) -> Span:
        first, last, length = (self._number(token) for token in tree.children)
        if length > MAX_PAYLOAD:
            raise self.wrong(f"a packet has {MAX_PAYLOAD} bytes of payload at the most", tree)
        if (last - first) & 0xFFFFFFFF != length:
            raise self.wrong(f"from {first} to {last} it is {(last - first) & 0xFFFFFFFF} bytes, not {length}", tree)
        return Span(first, last, length)

    def _tcp_packet(self, tree: _Tree) -> TcpPacket:
        place, inbound, fields, parts = self._packet(tree)
        tcp = parts["tcp"]
        letters = str(tcp.children[0])
        flags = "" if letters == "-" else letters
        if len(dict.fromkeys(flags)) != len(flags):
            raise self.wrong(f"a flag is given twice in {letters}", _token(tcp.children[0]))
        inner = {str(each.data): each for each in tcp.children if isinstance(each, Tree)}
        values: dict[str, int] = {}
        for name, largest in (("acknowledgement", 0xFFFFFFFF), ("window", 0xFFFF), ("urgent", 0xFFFF)):
            if name in inner:
                values[name] = self._number(inner[name].children[0], largest)
        if ("." in flags) != ("acknowledgement" in values):
            said = "ack and a number, for the flag ." if "." in flags else "the flag . beside the ack"
            raise self.wrong(f"expected {said}", inner.get("acknowledgement", tcp))
        options: tuple[TcpOption, ...] | None = ()
        if "any_options" in inner:
            options = None
            if inbound:
                raise self.wrong("<...> is for packets that are expected (>)", inner["any_options"])
        elif "tcp_options" in inner:
            options = tuple(self._option(each) for each in inner["tcp_options"].children if isinstance(each, Tree))
        found = TcpPacket(
            place, inbound, fields, flags, self._span(inner["span"]), values.get("acknowledgement"),
            values.get("window"), values.get("urgent"), options, self._addresses(parts))
        self._fits(found, inner.get("tcp_options", tcp))
        return found

    def _fits(self, packet: TcpPacket, where: _Tree) -> None:
        from shell.drill.options import encode

        try:
            encode(packet.options or (), lambda value: value, lambda value: value)
        except ValueError as problem:
            raise self.wrong(str(problem), where) from None

    def _option(self, tree: _Tree) -> TcpOption:
        name = str(tree.data)
        limits = {"mss": 0xFFFF, "wscale": 255, "user_timeout": 0xFFFF, "other_option": 255}
        values: list[int] = []
        data = b""
        for each in tree.children:
            if isinstance(each, Tree):
                values += [self._number(token) for token in each.children]
            elif each.type == "HEX":
                if len(each) % 2 or len(each) > 76:
                    raise self.wrong("expected bytes in hexadecimal, two digits each", each)
                data = bytes.fromhex(str(each))
            else:
                values.append(self._number(each, limits.get(name, 0xFFFFFFFF)))
        return TcpOption(name, tuple(values), data)

    def _udp_packet(self, tree: _Tree) -> UdpPacket:
        place, inbound, fields, parts = self._packet(tree)
        length = self._number(parts["udp"].children[0], 65_507)
        return UdpPacket(place, inbound, fields, length, self._addresses(parts))

    def _icmp_packet(self, tree: _Tree) -> IcmpPacket:
        place, inbound, fields, parts = self._packet(tree)
        tokens = [_token(each) for each in parts["icmp"].children]
        words = [token for token in tokens if token.type == "ICMP_WORD"]
        kind, code = find_icmp([str(word) for word in words], lambda problem, at: self.wrong(problem, words[at]))
        numbers = self._icmp_numbers(parts["icmp"])
        if inbound and kind not in (0, 8) and tree.data == "icmp_packet":
            raise self.wrong("expected [1:1001(1000)] or [udp (1000)] before icmp: what the error quotes", tree)
        return IcmpPacket(
            place, inbound, fields, kind, code, numbers.get("identifier", 0), numbers.get("sequence", 0),
            numbers.get("mtu", 0), numbers.get("length", 0))

    def _icmp_numbers(self, tree: _Tree) -> dict[str, int]:
        """Which number is which is told by the word before it, which is no token of the tree."""
        found: dict[str, int] = {}
        for token in tree.children:
            if not isinstance(token, Token) or token.type == "ICMP_WORD":
                continue
            before = self.source[:token.start_pos].rstrip()
            name = {"d": "identifier", "q": "sequence", "u": "mtu", "(": "length"}[before[-1]]
            found[name] = self._number(token, 65_507 if name == "length" else 0xFFFF)
        return found

    def _icmp_quoting(self, tree: _Tree) -> IcmpPacket:
        plain = self._icmp_packet(tree)
        quoted = next(each for each in tree.children if isinstance(each, Tree) and each.data.startswith("quoted_"))
        span = next((each for each in quoted.children if isinstance(each, Tree)), None)
        numbers = [self._number(each) for each in quoted.children if isinstance(each, Token)]
        return IcmpPacket(
            plain.place, plain.inbound, plain.ip, plain.type, plain.code, plain.identifier, plain.sequence, plain.mtu,
            plain.length, self._span(span) if span is not None else None,
            numbers[0] if span is not None and numbers else None, None if span is not None else min(numbers[0], 1472))

    # Calls.

    def _call(self, tree: _Tree) -> ScriptCall:
        name, *arguments, result = tree.children
        places = tuple(self.place(each) for each in arguments)
        values = tuple(self._expression(each, 0) for each in arguments)
        call = ScriptCall(self.place(tree), str(name), values, places, self._result(result))
        from shell.drill.calls import check

        check(call, self.file)
        return call

    def _result(self, tree: Any) -> Result:
        if tree.data == "whatever":
            return Result(None)
        returned, errno = tree.children[0], ""
        for token in tree.children[1:]:
            if token.type == "ERRNO":
                errno = str(token)
        tokens = [_token(each) for each in returned.children]
        if tokens[0].type == "SYMBOL":
            from shell.drill.constants import constant

            value = 0
            for token in tokens:
                value |= constant(str(token), self.place(token), self.file)
            return Result(value)
        value = self._number(tokens[-1], (1 << 63) - 1)
        if tokens[0].type == "MINUS":
            value = -value
        if errno and value != -1:
            raise self.wrong(f"a call that fails returns -1, and then {errno}", returned)
        return Result(value, errno)

    def _expression(self, tree: Any, depth: int) -> Expr:
        if depth > MAX_DEPTH:
            raise self.wrong(f"parts are nested more than {MAX_DEPTH} deep", tree)
        build: Callable[[_Tree, int], Expr] = getattr(self, f"_make_{tree.data}")
        return build(tree, depth + 1)

    def _make_integer(self, tree: _Tree, depth: int) -> Expr:
        value = self._number(tree.children[-1], (1 << 64) - 1)
        return Number(-value if len(tree.children) > 1 else value)

    def _make_float(self, tree: _Tree, depth: int) -> Expr:
        return Float(float(str(tree.children[0])[:30]))

    def _make_text(self, tree: _Tree, depth: int) -> Expr:
        return QuotedText(b"".join(self._unescaped(_token(each)) for each in tree.children))

    def _unescaped(self, token: Token) -> bytes:
        def resolve(match: re.Match[bytes]) -> bytes:
            code = match[1].decode("latin-1")
            if code[0] == "x" and len(code) == 3:
                return bytes.fromhex(code[1:])
            if code not in _ESCAPES:
                raise self.wrong(f"no escape \\{code}: \\n, \\r, \\t, \\0, \\\\, \\\" and \\x41 are", token)
            return _ESCAPES[code]

        return _ESCAPE.sub(resolve, str(token)[1:-1].encode("utf-8", "surrogateescape"))

    def _make_anything(self, tree: _Tree, depth: int) -> Expr:
        return Anything()

    def _make_symbol(self, tree: _Tree, depth: int) -> Expr:
        return Symbol(str(tree.children[0]), self.place(tree))

    def _make_either(self, tree: _Tree, depth: int) -> Expr:
        return Either(tuple(self._expression(each, depth) for each in tree.children))

    def _make_function(self, tree: _Tree, depth: int) -> Expr:
        name, *arguments = tree.children
        return Function(str(name), tuple(self._expression(each, depth) for each in arguments), self.place(tree))

    def _make_array(self, tree: _Tree, depth: int) -> Expr:
        return Array(tuple(self._expression(each, depth) for each in tree.children))

    def _make_struct(self, tree: _Tree, depth: int) -> Expr:
        fields: list[tuple[str, Expr]] = []
        for number, member in enumerate(tree.children):
            assert isinstance(member, Tree)
            value = self._expression(member.children[-1], depth)
            if len(member.children) == 1:
                fields.append((str(number), value))
                continue
            name = self._expression(member.children[0], depth)
            if not isinstance(name, (Symbol, Function)):
                raise self.wrong("expected the name of a field before =", member)
            fields.append((name.name, value))
        return Struct(tuple(fields))


def _token(each: Any) -> Token:
    assert isinstance(each, Token)
    return each
