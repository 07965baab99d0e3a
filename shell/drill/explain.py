"""Where a script cannot be read any further, and what was expected there."""

from __future__ import annotations

import re

from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from shell.drill.errors import Place, ScriptError

UNSUPPORTED = {
    "mp_capable": "MPTCP", "mp_join": "MPTCP", "dss": "MPTCP", "add_address": "MPTCP", "add_addr": "MPTCP",
    "mp_fail": "MPTCP", "mp_prio": "MPTCP", "mp_fastclose": "MPTCP", "mp_reset": "MPTCP", "mptcp": "MPTCP",
    "sctp": "SCTP", "INIT": "SCTP chunks", "SACK": "SCTP chunks", "COOKIE_ECHO": "SCTP chunks",
    "udplite": "UDP-Lite", "gre": "GRE tunnels", "mpls": "MPLS", "ipv4": "tunnels", "ipv6": "IPv6",
    "flowlabel": "IPv6", "icmpv6": "IPv6", "tls": "TLS", "ADDR": "several addresses by name", "sock": "sock()",
    "exp": "experimental options by name (option 254 and bytes do it)", "ace": "counters of accurate ECN",
    "tcp": "tcp as a word (the flags come first)", "raw": "raw packets",
}
"""What other dialects of the language have, by the word that it begins with."""
EXPECTED = {
    "FLAGS": "flags such as S. or P.", "OPTION": "an option such as --tolerance_usecs=1000", "PLUS": "a time",
    "STAR": "a time", "INTEGER": "a number", "FLOAT": "a number", "MINUS": "-",
    "DIRECTION": "< or > and a packet", "NAME": "a call such as socket", "CODE": "%{ assert ... }%",
    "COMMAND": "`sysctl ...`", "LESSTHAN": "options in < >", "MORETHAN": ">", "ARROW": ">",
    "ENDPOINT": "an address and a port", "ICMP_WORD": "a word such as unreachable", "STRING": 'a text in " "',
    "SYMBOL": "a word", "ERRNO": "an error such as EAGAIN", "NOTE": "a note in ( )", "HEX": "bytes in hexadecimal",
    "ELLIPSIS": "...", "__ANON_0": "...", "LSQB": "[", "RSQB": "]", "LPAR": "(", "RPAR": ")", "LBRACE": "{",
    "RBRACE": "}", "COMMA": "a comma", "COLON": ":", "EQUAL": "=", "VBAR": "|", "QMARK": "?", "TILDE": "~",
    "ECN": "ect0, ect1, ce or noecn", "$END": "the end of the script", "SACKOK": "sackOK", "FO": "FO", "FOEXP": "FOEXP",
}
"""How a person calls what the grammar may expect."""
_NUMBERS = ("INTEGER", "FLOAT")


def explain(error: UnexpectedInput, source: str, file: str) -> ScriptError:
    """Return what is wrong, where, and what would do."""
    place, found, at = _where(error, source)
    word = re.match(r"[A-Za-z_][A-Za-z0-9_]*", source[at:])
    if word is not None and word[0] in UNSUPPORTED:
        return ScriptError(f"{UNSUPPORTED[word[0]]} cannot be played here: {word[0]!r} is refused", place, file)
    if source[at:at + 1] in ("<", ">") and not source[:at].rpartition("\n")[2].strip():
        return ScriptError("a line begins with its time, such as +0 or +.1", place, file)
    for opening, closing in (("`", "`"), ("%{", "}%"), ('"', '"'), ("/*", "*/")):
        if source.startswith(opening, at) and source.find(closing, at + len(opening)) < 0:
            return ScriptError(f"the closing {closing} is missing", place, file)
    return ScriptError(f"expected {_expected(error)}, not {found}", place, file)


def _where(error: UnexpectedInput, source: str) -> tuple[Place, str, int]:
    """Return the place, what stands there, and its index in the source."""
    if isinstance(error, UnexpectedToken) and error.token.type != "$END":
        at = error.token.start_pos or 0
        return Place(error.token.line or 1, error.token.column or 1), _shown(str(error.token)), at
    at = error.pos_in_stream if isinstance(error, UnexpectedCharacters) else None
    if at is not None and source[at:].strip():
        word = re.match(r"[A-Za-z_0-9.]+|.", source[at:], re.DOTALL)
        assert word is not None
        return Place(error.line, error.column), _shown(word[0]), at
    end = len(source.rstrip())
    line = source.count("\n", 0, end) + 1
    return Place(line, end - source.rfind("\n", 0, end)), "the end of the script", len(source)


def _shown(text: str) -> str:
    text = " ".join(text.split())
    return repr(text if len(text) <= 30 else text[:27] + "...")


def _expected(error: UnexpectedInput) -> str:
    wanted = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None)
    names = sorted(wanted or ())
    if "PLUS" in names:  # where a line may begin, its time stands for whatever that begins with
        names = [name for name in names if name not in (*_NUMBERS, "STAR")]
    words = list(dict.fromkeys(EXPECTED.get(name, name.lower()) for name in names))
    words.sort(key=lambda word: ("end of" in word, word == "a time", word))
    if len(words) > 9:
        words = [*words[:8], "and so on"]
    if len(words) < 2:
        return words[0] if words else "something else"
    return f"{', '.join(words[:-1])} or {words[-1]}".replace(" or and so on", " and so on")
