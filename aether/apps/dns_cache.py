"""What a resolver remembers: records as long as their TTL allows, and that there are none (RFC 1035 §7.4, RFC 2308)."""

from __future__ import annotations

from aether.wire import dns

SECOND = 1_000_000
MAX_TTL = 7 * 86_400
"""Seconds that anything is believed at the most (RFC 1035 §7.3 asks for a limit)."""
MAX_NEGATIVE_TTL = 3 * 3_600
"""Seconds that a missing name is believed to be missing at the most (RFC 2308 §5)."""
MAX_ENTRIES = 512
ANY_TYPE = 0
"""Stands for every type: a name that does not exist has no records at all (RFC 2308 §5)."""

Key = tuple[str, int]


class Entry:
    """The records of one name and type; none of them for a negative answer."""

    __slots__ = ("added", "code", "name", "records", "type", "until")

    def __init__(self, name: str, kind: int, records: list[dns.Record], code: int, added: int, until: int) -> None:
        self.name = name
        self.type = kind
        self.records = records
        self.code = code
        """`dns.NAME_ERROR` when the name does not exist, else `dns.NO_ERROR`."""
        self.added = added
        self.until = until
        """World time in microseconds at which it is no longer believed."""


class Cache:
    """The cache of one resolver (RFC 1035 §7.4); names are compared without regard to case (RFC 4343)."""

    __slots__ = ("entries", "hits", "misses")

    def __init__(self) -> None:
        self.entries: dict[Key, Entry] = {}
        self.hits = 0
        self.misses = 0

    def add(self, records: list[dns.Record], now: int) -> None:
        """Remember the records of one name and type for the shortest of their TTLs (RFC 2181 §5.2)."""
        ttl = min(_sane(record.ttl, MAX_TTL) for record in records)
        first = records[0]
        self._store(Entry(first.name, first.type, list(records), dns.NO_ERROR, now, now + ttl * SECOND), ttl)

    def deny(self, name: str, kind: int, code: int, soa: dns.Record, now: int) -> None:
        """Remember that there is nothing: for the SOA's TTL or minimum, whichever is less (RFC 2308 §5)."""
        assert isinstance(soa.data, dns.Soa)
        ttl = min(_sane(soa.ttl, MAX_NEGATIVE_TTL), _sane(soa.data.minimum, MAX_NEGATIVE_TTL))
        self._store(Entry(name, ANY_TYPE if code == dns.NAME_ERROR else kind, [], code, now, now + ttl * SECOND), ttl)

    def _store(self, entry: Entry, ttl: int) -> None:
        key = (fold(entry.name), entry.type)
        self.entries.pop(key, None)
        if not ttl:
            return  # for this one transaction only (RFC 1035 §3.2.1)
        while len(self.entries) >= MAX_ENTRIES:
            del self.entries[min(self.entries, key=self._until)]
        self.entries[key] = entry

    def _until(self, key: Key) -> int:
        return self.entries[key].until

    def find(self, name: str, kind: int, now: int) -> Entry | None:
        """Return what is known of a name and type: its records, its alias, or that there is nothing."""
        for wanted in (kind, dns.TYPE_CNAME, ANY_TYPE):
            entry = self.entries.get((fold(name), wanted))
            if entry is None:
                continue
            if now < entry.until:
                if wanted == dns.TYPE_CNAME != kind and not entry.records:
                    continue  # that there is no alias says nothing of other types
                self.hits += 1
                return entry
            del self.entries[fold(name), wanted]
        self.misses += 1
        return None

    def clear(self) -> int:
        """Forget everything; return how many entries there were."""
        count = len(self.entries)
        self.entries.clear()
        return count


def aged(entry: Entry, now: int) -> list[dns.Record]:
    """Return an entry's records with the seconds that are left of their TTLs."""
    passed = (now - entry.added) // SECOND
    return [record._replace(ttl=max(_sane(record.ttl, MAX_TTL) - passed, 0)) for record in entry.records]


def fold(name: str) -> str:
    """Return a name as it is compared: without case, and without a final dot."""
    return name.removesuffix(".").lower() or "."


def _sane(ttl: int, most: int) -> int:
    """Return a TTL in seconds; one with the highest bit set is zero (RFC 2181 §8)."""
    return 0 if ttl >= 1 << 31 else min(ttl, most)
