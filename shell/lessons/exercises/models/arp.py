"""The ARP cache: the right one, and the ways in which it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from shell.lessons.exercises.stories import Make, Model, Observed, StoryCheck

US, HOST, THIRD, FOURTH = "192.168.1.2", "192.168.1.1", "192.168.1.3", "192.168.1.4"
HOST_MAC, THIRD_MAC, NEW_MAC = "02:00:00:00:00:01", "02:00:00:00:00:03", "02:00:00:00:00:99"
MISTAKES = {
    "learns_all": "it remembers everybody whose packet it hears: only who asks or answers us, for anybody can fill the "
                  "cache otherwise (RFC 826, Packet Reception)",
    "no_merge": "who is known already is not brought up to date by a packet for somebody else: the merge comes before "
                "the question whether we are the target",
    "no_request": "whoever asks for us is not remembered: a request says as much of its sender as a reply does, and "
                  "we are about to send him something",
    "answers_all": "it answers for addresses that are not its own",
    "answers_replies": "it answers a reply: only requests are answered, or two hosts would never stop",
    "never_answers": "it does not answer who asks for our address",
    "keeps": "an entry that is known once is never replaced: the neighbour may have another card now",
    "forever": "entries never end: look at their age when they are looked up",
    "first_only": "the lifetime counts from the first packet: each one from the neighbour confirms the entry",
    "refreshed_by_use": "looking up prolongs an entry: only the neighbour himself confirms it",
}


class ArpModel:
    """An ARP cache that can be wrong in one way."""

    def __init__(self, wrong: str, address: str, lifetime: float = 60.0) -> None:
        self.wrong, self.address, self.lifetime = wrong, address, lifetime
        self.entries: dict[str, tuple[str, float]] = {}

    def received(self, now: float, operation: str, sender: str, hardware: str, target: str) -> bool:
        """Take a packet (RFC 826)."""
        wrong, ours = self.wrong, target == self.address
        known = self.lookup(now, sender) is not None
        learns = ours and not (wrong == "no_request" and operation == "request")
        merges = known and (ours or wrong != "no_merge") and wrong != "keeps"
        if merges or (not known and (learns or wrong == "learns_all")):
            begun = self.entries[sender][1] if known and wrong == "first_only" else now
            self.entries[sender] = hardware, begun
        if wrong == "never_answers":
            return False
        asked = operation == "request" or wrong == "answers_replies"
        return asked and (ours or wrong == "answers_all")

    def lookup(self, now: float, address: str) -> str | None:
        """Return a hardware address, if it is known still."""
        hardware, when = self.entries.get(address, ("", 0.0))
        if not hardware or (now - when >= self.lifetime and self.wrong != "forever"):
            return None
        if self.wrong == "refreshed_by_use":
            self.entries[address] = hardware, now
        return hardware


def _packet(part: object, now: float, operation: str, sender: str, hardware: str, target: str) -> Observed:
    answers = part.received(now, operation, sender, hardware, target)  # type: ignore[attr-defined]
    return Observed(f"at {now:g} s, a {operation} from {sender} ({hardware}) about {target}", "received()", answers)


def _look(part: object, now: float, address: str, did: str) -> Observed:
    found = part.lookup(now, address)  # type: ignore[attr-defined]
    return Observed(f"at {now:g} s, {did}", f"lookup({address!r})", found)


def _asked(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    yield _look(part, 0.0, HOST, "before any packet")
    yield _packet(part, 1.0, "request", HOST, HOST_MAC, US)


def _learns(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    part.received(1.0, "request", HOST, HOST_MAC, US)
    yield _look(part, 2.0, HOST, f"after {HOST} has asked for us")


def _answered(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    yield _packet(part, 1.0, "reply", HOST, HOST_MAC, US)
    yield _look(part, 2.0, HOST, f"after {HOST} has answered us")


def _others(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    yield _packet(part, 1.0, "request", THIRD, THIRD_MAC, FOURTH)
    yield _look(part, 2.0, THIRD, f"after {THIRD} has asked for {FOURTH}")
    yield _look(part, 2.0, FOURTH, f"after {THIRD} has asked for {FOURTH}")


def _unasked(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    yield _packet(part, 1.0, "reply", THIRD, THIRD_MAC, THIRD)
    yield _look(part, 2.0, THIRD, f"after {THIRD}, unknown, has announced itself")


def _new_card(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    part.received(1.0, "reply", HOST, HOST_MAC, US)
    part.received(5.0, "reply", HOST, NEW_MAC, US)
    yield _look(part, 6.0, HOST, f"after {HOST} has answered again, with another card")


def _merge(make: Make) -> Iterator[Observed]:
    part = make(US, 60.0)
    part.received(1.0, "reply", HOST, HOST_MAC, US)
    part.received(5.0, "request", HOST, NEW_MAC, FOURTH)
    yield _look(part, 6.0, HOST, f"after {HOST}, known, has asked for {FOURTH} with another card")


def _ages(make: Make) -> Iterator[Observed]:
    part = make(US, 20.0)
    part.received(10.0, "reply", HOST, HOST_MAC, US)
    yield _look(part, 29.5, HOST, "19.5 s after the last packet, with a lifetime of 20 s")
    yield _look(part, 30.5, HOST, "20.5 s after the last packet, with a lifetime of 20 s")
    yield _look(part, 55.5, HOST, "45.5 s after the last packet, with a lifetime of 20 s")


def _confirmed(make: Make) -> Iterator[Observed]:
    part = make(US, 20.0)
    part.received(10.0, "reply", HOST, HOST_MAC, US)
    part.received(25.0, "reply", HOST, HOST_MAC, US)
    yield _look(part, 40.0, HOST, "15 s after a packet that confirmed it, with a lifetime of 20 s")
    yield _look(part, 46.0, HOST, "21 s after the last packet, with a lifetime of 20 s")


CHECKS = (
    StoryCheck("A request for our address is answered", "RFC 826", _asked),
    StoryCheck("Whoever asks for us is remembered", "RFC 826", _learns),
    StoryCheck("Whoever answers us is remembered, and gets no answer to that", "RFC 826", _answered),
    StoryCheck("What is about others is neither answered nor remembered", "RFC 826", _others),
    StoryCheck("A stranger who announces himself is not remembered", "RFC 826", _unasked),
    StoryCheck("A neighbour with another card is known by that", "RFC 826", _new_card),
    StoryCheck("Who is known is brought up to date by any packet of his", "RFC 826, merge flag", _merge),
    StoryCheck("An entry ends after its lifetime", "RFC 1122 §2.3.2.1", _ages),
    StoryCheck("A packet from the neighbour begins the lifetime anew", "RFC 1122 §2.3.2.1", _confirmed),
)


def _make(wrong: str) -> Make:
    return partial(ArpModel, wrong)


MODEL = Model(CHECKS, _make, MISTAKES, {"received": "truth", "lookup": "text or None"})
