"""scapy's notation, read safely: ``IP(dst="192.168.1.1")/TCP(dport=80, flags="S")/"hello"``.

The text is parsed, never evaluated. Only numbers, texts, lists, tuples, and calls of known layers with known fields
go through; anything else (a name, an attribute, a comprehension, a power) is refused, with its place.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from shell.craft.layers import NameAsked, load
from shell.language.grammar import CommandError, did_you_mean
from shell.language.values import hexadecimal

if TYPE_CHECKING:
    from scapy.packet import Packet

MAX_DESCRIPTION = 8_192
"""Characters of a description."""
DEEPEST = 12
"""Calls and lists inside each other."""
MAX_VALUES = 1_000
"""Values in a description."""
MAX_NUMBER = 1 << 64
MOST_BYTES = 65_535
ADDRESS_FIELDS = ("IPField", "SourceIPField", "DestIPField", "Emph", "MultipleTypeField")


def parse(text: str) -> Packet:
    """Read a packet in scapy's notation; CommandError says what is not allowed, and where."""
    if len(text) > MAX_DESCRIPTION:
        raise CommandError(f"a description has at most {MAX_DESCRIPTION:,} characters, not {len(text):,}")
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as problem:
        where = f" near column {problem.offset}" if isinstance(problem, SyntaxError) and problem.offset else ""
        raise CommandError(
            f"that is no packet{where}: {_first(problem)}. "
            'A packet is written like IP(dst="192.168.1.1")/TCP(dport=80, flags="S")') from None
    return _Reader(text.strip()).packet(tree.body)


def _first(problem: Exception) -> str:
    return str(problem.args[0] if problem.args else "too deep").partition("\n")[0][:80]


class _Reader:
    """Turns a syntax tree into a packet."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.values = 0
        self.layers = load()

    def refuse(self, node: ast.AST, why: str) -> CommandError:
        """Return the error for a part of the text."""
        column = getattr(node, "col_offset", 0)
        part = ast.get_source_segment(self.text, node) or ""
        part = part if len(part) <= 40 else f"{part[:37]}..."
        return CommandError(f"column {column + 1}, {part!r}: {why}")

    def packet(self, node: ast.expr, depth: int = 0) -> Packet:
        """Read layers, joined by ``/``."""
        parts: list[ast.expr] = []
        while isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            parts.append(node.right)
            node = node.left
            if len(parts) > MAX_VALUES:
                raise self.refuse(node, "that is too much")
        parts.append(node)
        found: Any = None
        for part in reversed(parts):
            layer = self._layer(part, depth)
            found = layer if found is None else found / layer
        assert found is not None
        return found  # type: ignore[no-any-return]

    def _layer(self, node: ast.expr, depth: int) -> Any:
        if isinstance(node, ast.Call):
            return self._call(node, depth)
        if isinstance(node, (ast.Constant, ast.BinOp)):
            value = self.value(node, depth)
            if isinstance(value, (str, bytes)):
                return self.layers["Raw"](load=value.encode("utf-8") if isinstance(value, str) else value)
            raise self.refuse(node, "a layer is a call such as TCP(), or data in quotes")
        if isinstance(node, ast.Name):
            hint = f"write {node.id}()" if node.id in self.layers else f"no layer of that name{self._near(node.id)}"
            raise self.refuse(node, hint)
        raise self.refuse(node, "only layers such as IP(...), and data in quotes, joined by / make a packet")

    def _near(self, name: str) -> str:
        return did_you_mean(name, self.layers) or f". There are: {', '.join(list(self.layers)[:10])}, ..."

    def _call(self, node: ast.Call, depth: int) -> Packet:
        if not isinstance(node.func, ast.Name):
            raise self.refuse(node, "only layers can be called, by their name")
        name = node.func.id
        if name not in self.layers:
            raise self.refuse(node.func, f"no layer of that name{self._near(name)}")
        if depth > DEEPEST:
            raise self.refuse(node, f"at most {DEEPEST} calls inside each other")
        layer = self.layers[name]
        fields = {field.name: field for field in layer.fields_desc}
        given: dict[str, Any] = {}
        if node.args:
            if name not in ("Raw", "Padding") or len(node.args) > 1:
                raise self.refuse(node.args[0], f"say which field it is, such as {next(iter(fields), 'load')}=...")
            given["load"] = self.value(node.args[0], depth + 1)
        for keyword in node.keywords:
            if keyword.arg is None:
                raise self.refuse(keyword.value, "** is not allowed here")
            if keyword.arg not in fields:
                near = did_you_mean(keyword.arg, fields) or f". There are: {', '.join(fields)}"
                raise self.refuse(keyword, f"{name} has no field {keyword.arg!r}{near}")
            value = self.value(keyword.value, depth + 1)
            _check_address(self, keyword.value, fields[keyword.arg], keyword.arg, value)
            given[keyword.arg] = value
        try:
            return layer(**given)
        except NameAsked as problem:
            field = next((each for each in node.keywords if problem.name in ast.unparse(each.value)), node)
            raise self.refuse(field, f"{getattr(field, 'arg', name)}: {problem}") from None
        except Exception as problem:  # scapy raises whatever its fields raise
            raise self.refuse(node, f"scapy does not take it: {problem}") from None

    def value(self, node: ast.expr, depth: int) -> Any:
        """Read a value of a field."""
        self.values += 1
        if self.values > MAX_VALUES:
            raise self.refuse(node, f"at most {MAX_VALUES:,} values in one packet")
        if depth > DEEPEST:
            raise self.refuse(node, f"at most {DEEPEST} lists inside each other")
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = self._constant(node.operand)
            if isinstance(value, int):
                return -value
        if isinstance(node, (ast.List, ast.Tuple)):
            items = [self.value(item, depth + 1) for item in node.elts]
            return items if isinstance(node, ast.List) else tuple(items)
        if isinstance(node, ast.Call):
            return self._call(node, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
            return self.packet(node, depth + 1)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            return self._repeated(node, depth)
        raise self.refuse(node, "only numbers, texts in quotes, lists and layers may stand here")

    def _constant(self, node: ast.Constant) -> Any:
        value = node.value
        if isinstance(value, int) and not -MAX_NUMBER < value < MAX_NUMBER:
            raise self.refuse(node, "no field is that large: 64 bits at the most")
        if isinstance(value, (str, bytes)) and len(value) > MOST_BYTES:
            raise self.refuse(node, f"at most {MOST_BYTES:,} bytes")
        if value is None or isinstance(value, (int, str, bytes)):
            return value
        raise self.refuse(node, "only whole numbers and texts in quotes may stand here")

    def _repeated(self, node: ast.BinOp, depth: int) -> Any:
        """Read ``"x" * 100``."""
        left, right = self.value(node.left, depth + 1), self.value(node.right, depth + 1)
        if isinstance(left, int):
            left, right = right, left
        if not isinstance(left, (str, bytes)) or not isinstance(right, int) or isinstance(right, bool):
            raise self.refuse(node, "only a text can be repeated, such as \"x\" * 100")
        if right < 0 or len(left) * right > MOST_BYTES:
            raise self.refuse(node, f"that makes more than {MOST_BYTES:,} bytes")
        return left * right


def _check_address(reader: _Reader, node: ast.expr, field: Any, name: str, value: Any) -> None:
    """Refuse names where an address stands: scapy would ask a name server for them."""
    kind = type(field).__name__
    inner = type(getattr(field, "fld", field)).__name__
    if not any("IP" in one and "Field" in one for one in (kind, inner)) and kind not in ADDRESS_FIELDS:
        return
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and name not in ("flags", "options") and not _is_address(one):
            raise reader.refuse(node, f"{name} is an address such as 192.168.1.1, not a name")


def _is_address(text: str) -> bool:
    parts = text.split(".")
    if len(parts) == 4 and all(part.isascii() and part.isdigit() and len(part) <= 3 and int(part) < 256
                               for part in parts):
        return True
    try:
        return ":" in text and len(hexadecimal(text)) == 6
    except CommandError:
        return False
