"""Plays a script on a stage, line by line, and says of each line what was expected and what came."""

from __future__ import annotations

from dataclasses import dataclass

from aether.apps.process import Reply
from shell.drill import calls, packets
from shell.drill.compare import Compared, compare
from shell.drill.connections import Connections
from shell.drill.descriptors import Descriptors
from shell.drill.errors import ScriptError
from shell.drill.expressions import EvaluationError, evaluate
from shell.drill.flows import pattern
from shell.drill.outcome import LineFailed, Outcome
from shell.drill.packets import Difference, SentPacket
from shell.drill.script import (
    Code,
    IcmpPacket,
    Script,
    ScriptCall,
    ScriptPacket,
    SysctlsLine,
    TcpPacket,
    UdpPacket,
)
from shell.drill.stage import MAX_TIME, Stage, StageError, VirtualStage


@dataclass(slots=True)
class Outstanding:
    """A call that waits."""

    outcome: Outcome
    call: ScriptCall
    plan: calls.CallPlan
    ends: int
    """When it is to return; -1 if it was to return at once."""


class ScriptPlayer:
    """One play of a script. `forgiving` goes on after a line that failed, as far as that makes sense."""

    def __init__(self, script: Script, stage: Stage, tolerance: int, *, forgiving: bool = False) -> None:
        self.script, self.stage = script, stage
        self.tolerance = tolerance
        self.forgiving = forgiving
        self.outcomes = [Outcome(line) for line in script.lines]
        self.at = 0
        """The index of the next line."""
        self.failed: Outcome | None = None
        """The first line that failed."""
        self.before = 0
        """The time of the line before, from which ``+`` counts."""
        self.connections = Connections(script.options)
        self.descriptors = Descriptors(self.connections)
        self.outstanding: Outstanding | None = None

    @property
    def finished(self) -> bool:
        """Whether there is nothing more to play."""
        return self.at >= len(self.outcomes) or (self.failed is not None and not self.forgiving)

    def play(self) -> None:
        """Play everything that is left."""
        while not self.finished:
            self.play_line()
        self.finish()

    def play_line(self) -> Outcome:
        """Play the next line, and return how it went; Interrupted by a breakpoint: it may be played again."""
        outcome = self.outcomes[self.at]
        if outcome.verdict:  # a call that was made together with the packet before it
            self.at += 1
            if self.at == len(self.outcomes):
                self.finish()
            return outcome
        line = outcome.line
        when = line.time
        base = 0 if when.kind == "absolute" else self.before
        start = base + when.start if when.kind != "any" else self.before
        end = base + when.end if when.end >= 0 else start
        try:
            self._settle()
            if when.kind == "any":
                outcome.expected_at = -1
            else:
                outcome.expected_at = start
            if isinstance(line.event, ScriptPacket) and not line.event.inbound:
                self._expect(outcome, line.event, start, MAX_TIME if when.kind == "any" else end)
            else:
                self._wait_until(start)
                outcome.time = self.stage.now
                self._act(outcome, base + when.end if when.blocking else -1)
            self._settle()
        except LineFailed as problem:
            self._fail(outcome, problem)
        except StageError as problem:
            self._fail(outcome, LineFailed(str(problem)))
        else:
            if not outcome.verdict:
                outcome.verdict = "waits" if self.outstanding is not None and self.outstanding.outcome is outcome \
                    else "ok"
        self.at += 1
        self.before = start
        if outcome.time >= 0 and (when.kind == "any" or (when.kind == "relative" and not self.stage.exact)):
            self.before = max(outcome.time, start)  # in real time all is late, and what follows counts from there
        if self.at == len(self.outcomes):
            self.finish()
        return outcome

    def finish(self) -> None:
        """Wait for a call that is still out."""
        waiting = self.outstanding
        if waiting is None or (self.failed is not None and not self.forgiving):
            return
        try:
            ends = max(waiting.ends, waiting.outcome.time) + self._late(waiting.ends - waiting.outcome.time)
            self.stage.run_until(min(ends, MAX_TIME), self._returned)
            self._settle(last=True)
        except LineFailed as problem:
            if waiting.outcome.verdict != "failed":
                self._fail(waiting.outcome, problem)
        except StageError as problem:
            self._fail(waiting.outcome, LineFailed(str(problem)))

    def _fail(self, outcome: Outcome, problem: LineFailed) -> None:
        outcome.verdict = "failed"
        outcome.problem, outcome.fields = problem.problem, problem.fields
        outcome.got = problem.got or outcome.got
        if self.failed is None:
            self.failed = outcome

    def _returned(self) -> bool:
        return self.stage.reply is not None

    def _wait_until(self, time: int) -> None:
        """Let time pass; LineFailed for a packet that nobody expects by then, StageError beyond the longest time."""
        if time > MAX_TIME:
            raise StageError(
                f"a script takes 10 minutes of virtual time at the most, and this line waits until +{time / 1e6:.6f} s")
        if self.stage.exact and self.stage.now > time + self.tolerance:
            raise LineFailed("the time of this line is over", [
                Difference("time", f"+{time / 1e6:.6f} s", f"it is +{self.stage.now / 1e6:.6f} s")])
        self.stage.run_until(time, self._never)
        if self.forgiving or not self.stage.exact:
            return
        early = next((sent for sent in self.stage.sent if sent.time + self.tolerance < time), None)
        if early is not None and not self._may_be_expected():
            seen = packets.read(early)
            shown = packets.show(seen, self.connections.of(seen))
            self.outcomes[self.at].frame, self.outcomes[self.at].cause = early.frame, early.cause
            raise LineFailed(
                "a packet came that no line expects",
                [Difference("packet", "none before this line", f"{shown} at +{early.time / 1e6:.6f} s")], shown)

    def _may_be_expected(self) -> bool:
        """Tell whether a line that follows may still want what came before now."""
        for outcome in self.outcomes[self.at:]:
            event, when = outcome.line.event, outcome.line.time
            if isinstance(event, ScriptPacket) and not event.inbound:
                return when.kind == "any" or when.end >= 0
        return False

    @staticmethod
    def _never() -> bool:
        return False

    # What we do.

    def _act(self, outcome: Outcome, ends: int) -> None:
        event = outcome.line.event
        if isinstance(event, ScriptCall):
            self._call(outcome, event, ends)
        elif isinstance(event, Code):
            self._assert(event)
        elif isinstance(event, SysctlsLine):
            if self.at and any(not isinstance(each.line.event, SysctlsLine) for each in self.outcomes[:self.at]):
                raise LineFailed("sysctl lines come before everything else here")
        elif isinstance(event, TcpPacket):
            packet = packets.build_tcp(event, self.connections.of_ours(event))
            if not self.script.calls_inside or not self._calls_with(packet, outcome):
                outcome.frame = self.stage.inject(packet)
        elif isinstance(event, UdpPacket):
            outcome.frame = self.stage.inject(packets.build_udp(event, self.connections.of_ours(event)))
        elif isinstance(event, IcmpPacket):
            router = self.script.options.gateway_ip
            outcome.frame = self.stage.inject(packets.build_icmp(event, self.connections.or_default(), router))

    def _calls_with(self, packet: bytes, outcome: Outcome) -> bool:
        """Let a packet arrive, and the calls that follow it at once be made inside; return whether there are any."""
        stage = self.stage
        if not isinstance(stage, VirtualStage) or self.outstanding is not None:
            return False
        found: list[tuple[Outcome, ScriptCall, calls.CallPlan]] = []
        for each in self.outcomes[self.at + 1:]:
            event, when = each.line.event, each.line.time
            if not isinstance(event, ScriptCall) or (when.kind, when.start, when.end) != ("relative", 0, -1):
                break
            found.append((each, event, calls.plan(event, self.script.file)))
        if not found:
            return False
        asked, written = [], {flow_id: len(flow.written) for flow_id, flow in enumerate(self.connections.known)}
        for _, call, plan in found:
            fd, arguments = self.descriptors.translated(plan)
            if plan.opens and call.result.value is not None and call.result.value > 0:
                self.descriptors.live.setdefault(call.result.value, call.result.value)
            data = b""
            if plan.count >= 0:
                flow = self.descriptors.flows.get(plan.fd) or self.connections.or_default()
                index = self.connections.known.index(flow)
                data = plan.payload if plan.payload is not None else pattern(written[index], plan.count)
                written[index] += plan.count
            asked.append((plan.name, fd, arguments, data))
        outcome.frame, replies = stage.inject_and_call(packet, asked)
        for (each, call, plan), reply in zip(found, replies, strict=True):
            each.time = each.expected_at = stage.now
            self.descriptors.begins(plan, self.descriptors.translated(plan)[1], b"")
            try:
                self._check(Outstanding(each, call, plan, -1), reply, stage.now)
            except LineFailed as problem:
                self._fail(each, problem)
            else:
                each.verdict = "ok"
        return True

    # What we expect.

    def _expect(self, outcome: Outcome, packet: ScriptPacket, start: int, end: int) -> None:
        stage = self.stage
        late = self._late(start - self.before)
        stage.run_until(min(end + late, MAX_TIME), self._has_come)
        if not stage.sent:
            came = f"nothing until +{stage.now / 1e6:.6f} s"
            state = stage.state()
            raise LineFailed(
                "nothing came" + (f"; {state}" if state else ""), [Difference("packet", outcome.line.text, came)], came)
        sent = stage.sent.pop(0)
        outcome.time, outcome.frame, outcome.cause = sent.time, sent.frame, sent.cause
        found = self._held_against(packet, sent, outcome)
        if outcome.line.time.kind != "any" and not start - self.tolerance <= sent.time <= end + late:
            wanted = f"+{start / 1e6:.6f} s" + (f" to +{end / 1e6:.6f} s" if end > start else "")
            found.fields.insert(0, Difference("time", wanted, f"+{sent.time / 1e6:.6f} s"))
        if found.differs:
            names = ", ".join(each.name for each in found.fields if each.differs)
            raise LineFailed(f"another packet came: {names} differ{'s' if ', ' not in names else ''}", found.fields)

    def _late(self, waited: int) -> int:
        """Return how much too late something may come: a real kernel's wheel of timers rounds up by an eighth."""
        return self.tolerance if self.stage.exact else self.tolerance + max(waited, 0) // 8

    def _has_come(self) -> bool:
        return bool(self.stage.sent)

    def _held_against(self, packet: ScriptPacket, sent: SentPacket, outcome: Outcome) -> Compared:
        seen = packets.read(sent)
        flow = self.connections.expected(packet, seen)
        if seen.tcp is not None and isinstance(packet, TcpPacket):
            self.connections.anchor(flow, packet, seen)
        comparison = compare(packet, seen, flow, self.script.options.timestamp_tick, self.tolerance)
        known = flow if seen.kind == "icmp" or seen.fragment else self.connections.of(seen)
        outcome.got = packets.show(seen, known)
        return comparison

    # Calls.

    def _call(self, outcome: Outcome, call: ScriptCall, ends: int) -> None:
        if self.outstanding is not None:
            other = self.outstanding.outcome.line.place.line
            raise LineFailed(f"the call of line {other} has not returned, and a program makes one at a time")
        try:
            plan = calls.plan(call, self.script.file)
        except ScriptError as problem:
            raise LineFailed(problem.problem) from None
        fd, arguments = self.descriptors.translated(plan)
        data = b""
        if plan.count >= 0:
            data = self.descriptors.data(plan)
        self.outstanding = Outstanding(outcome, call, plan, ends)
        self.descriptors.begins(plan, arguments, data)
        self.stage.call(plan.name, fd, arguments, data, plan.timeout)
        if self.stage.exact and ends < 0 and self.stage.reply is None:
            self.outstanding = None
            raise LineFailed("the call waits. One that may is written with both times: +0...0.5", [
                Difference("result", outcome.line.text.rpartition("=")[2].strip(), "it has not returned")])

    def _settle(self, last: bool = False) -> None:
        """Look at what a call returned that waited; LineFailed for the line that it stands in, here."""
        waiting = self.outstanding
        if waiting is None:
            return
        reply = self.stage.reply
        late = waiting.ends if waiting.ends >= 0 else waiting.outcome.expected_at
        late += self._late(waiting.ends - waiting.outcome.time) - self.tolerance
        if reply is None and not self.stage.exact and self.stage.now <= late + self.tolerance:
            self._give_time(waiting, late)
            reply = self.stage.reply
        if reply is None:
            if last or self.stage.now > late + self.tolerance:
                self.outstanding = None
                self._blame(waiting, LineFailed("the call has not returned", [
                    Difference("returns at", f"+{late / 1e6:.6f} s", f"not until +{self.stage.now / 1e6:.6f} s")]))
            return
        self.outstanding = None
        try:
            self._check(waiting, *reply)
        except LineFailed as problem:
            self._blame(waiting, problem)
        else:
            waiting.outcome.verdict = "ok"

    def _give_time(self, waiting: Outstanding, late: int) -> None:
        """Where time is real, a call that is not to wait takes a moment all the same."""
        following = self.outcomes[self.at].line.event if self.at < len(self.outcomes) else None
        asks = isinstance(following, ScriptCall) or (isinstance(following, Code) and waiting.ends <= self.stage.now)
        if waiting.ends < 0 or (asks and waiting.outcome is not self.outcomes[self.at]):
            self.stage.run_until(late + self.tolerance, self._returned)

    def _blame(self, waiting: Outstanding, problem: LineFailed) -> None:
        self._fail(waiting.outcome, problem)
        if not self.forgiving and waiting.outcome is not self.outcomes[min(self.at, len(self.outcomes) - 1)]:
            raise LineFailed(f"the call of line {waiting.outcome.line.place.line} went wrong")

    def _check(self, waiting: Outstanding, reply: Reply, time: int) -> None:
        """Hold what a call returned against its line."""
        plan, outcome = waiting.plan, waiting.outcome
        found = Compared()
        outcome.got = self.descriptors.hold(waiting.call, plan, reply, found)
        late = self._late(waiting.ends - waiting.outcome.time)
        if waiting.ends >= 0 and not -self.tolerance <= time - waiting.ends <= late:
            found.field("returns at", f"+{waiting.ends / 1e6:.6f} s", f"+{time / 1e6:.6f} s")
        self.descriptors.settle(plan, reply, found)
        if found.differs:
            raise LineFailed("the call returned something else", found.fields)

    def _assert(self, code: Code) -> None:
        fd = self.descriptors.live.get(self.descriptors.info_fd, -1)
        values = self.stage.info(fd)
        if not values:
            raise LineFailed("there is no connection whose tcp_info could be asked for")
        for assertion in code.assertions:
            try:
                right = evaluate(assertion.node, values)
            except EvaluationError as problem:
                raise LineFailed(f"assert {assertion.text}: {problem}") from None
            if not right:
                fields = [Difference(name, assertion.text, f"{values[name]:g}") for name in assertion.names]
                raise LineFailed(f"assert {assertion.text}: it is not so", fields)
