"""Plays a script on a stage, line by line, and says of each line what was expected and what came."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field

from aether.apps.process import Reply
from aether.socket_options import MSG_FASTOPEN
from shell.drill import calls, memory, packets
from shell.drill.compare import Comparison, compare
from shell.drill.errors import ScriptError
from shell.drill.expressions import EvaluationError, evaluate
from shell.drill.flows import FIRST_REMOTE_PORT, Flow, pattern
from shell.drill.packets import Difference, Sent
from shell.drill.script import (
    Call,
    Code,
    IcmpPacket,
    Line,
    Packet,
    Script,
    Settings,
    TcpPacket,
    UdpPacket,
)
from shell.drill.stage import LONGEST, Stage, StageError, VirtualStage


@dataclass(slots=True)
class Outcome:
    """How a line went."""

    line: Line
    verdict: str = ""
    """``ok``, ``failed``, ``waits`` (a call that has not returned), or empty for not yet."""
    expected_at: int = -1
    """When it was to happen, in microseconds; -1 for whenever."""
    time: int = -1
    """When it happened; -1 if it did not."""
    frame: int = 0
    """The number of the frame that came or went; 0 for none."""
    cause: int = 0
    """The frame that the host handled when it sent that one; 0 for none."""
    got: str = ""
    """What came, as a script would write it."""
    problem: str = ""
    fields: list[Difference] = field(default_factory=list)
    """Empty unless it failed."""


class LineFailed(Exception):
    """A line that did not go as it is written."""

    def __init__(self, problem: str, fields: list[Difference] | None = None, got: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.fields = fields or []
        self.got = got


@dataclass(slots=True)
class Outstanding:
    """A call that waits."""

    outcome: Outcome
    call: Call
    plan: calls.Plan
    ends: int
    """When it is to return; -1 if it was to return at once."""


class Player:
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
        self.descriptors: dict[int, int] = {}
        """The descriptors of the stage by those of the script."""
        self.flows: dict[int, Flow] = {}
        """The connection of each descriptor of the script."""
        self.current: Flow | None = None
        """The connection that lines without addresses are about."""
        self.known: list[Flow] = []
        self.bound: dict[int, tuple[str, int]] = {}
        self.udp: dict[int, bool] = {}
        self.outstanding: Outstanding | None = None
        self.info_fd = -1
        self._isn: dict[int, int] = {}

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
            if isinstance(line.event, Packet) and not line.event.inbound:
                self._expect(outcome, line.event, start, LONGEST if when.kind == "any" else end)
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
            self.stage.run_until(min(ends, LONGEST), self._returned)
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
        if time > LONGEST:
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
            shown = packets.show(seen, self._flow_of(seen))
            self.outcomes[self.at].frame, self.outcomes[self.at].cause = early.frame, early.cause
            raise LineFailed(
                "a packet came that no line expects",
                [Difference("packet", "none before this line", f"{shown} at +{early.time / 1e6:.6f} s")], shown)

    def _may_be_expected(self) -> bool:
        """Tell whether a line that follows may still want what came before now."""
        for outcome in self.outcomes[self.at:]:
            event, when = outcome.line.event, outcome.line.time
            if isinstance(event, Packet) and not event.inbound:
                return when.kind == "any" or when.end >= 0
        return False

    @staticmethod
    def _never() -> bool:
        return False

    # What we do.

    def _act(self, outcome: Outcome, ends: int) -> None:
        event = outcome.line.event
        if isinstance(event, Call):
            self._call(outcome, event, ends)
        elif isinstance(event, Code):
            self._assert(event)
        elif isinstance(event, Settings):
            if self.at and any(not isinstance(each.line.event, Settings) for each in self.outcomes[:self.at]):
                raise LineFailed("sysctl lines come before everything else here")
        elif isinstance(event, TcpPacket):
            packet = packets.build_tcp(event, self._flow_for(event))
            if not self.script.calls_inside or not self._calls_with(packet, outcome):
                outcome.frame = self.stage.inject(packet)
        elif isinstance(event, UdpPacket):
            outcome.frame = self.stage.inject(packets.build_udp(event, self._flow_for(event)))
        elif isinstance(event, IcmpPacket):
            router = self.script.options.gateway_ip
            outcome.frame = self.stage.inject(packets.build_icmp(event, self._flow_or_default(), router))

    def _calls_with(self, packet: bytes, outcome: Outcome) -> bool:
        """Let a packet arrive, and the calls that follow it at once be made inside; return whether there are any."""
        stage = self.stage
        if not isinstance(stage, VirtualStage) or self.outstanding is not None:
            return False
        found: list[tuple[Outcome, Call, calls.Plan]] = []
        for each in self.outcomes[self.at + 1:]:
            event, when = each.line.event, each.line.time
            if not isinstance(event, Call) or (when.kind, when.start, when.end) != ("relative", 0, -1):
                break
            found.append((each, event, calls.plan(event, self.script.file)))
        if not found:
            return False
        asked, written = [], {flow_id: len(flow.written) for flow_id, flow in enumerate(self.known)}
        for _, call, plan in found:
            fd, arguments = self._translated(plan)
            if plan.opens and call.result.value is not None and call.result.value > 0:
                self.descriptors.setdefault(call.result.value, call.result.value)
            data = b""
            if plan.count >= 0:
                flow = self.flows.get(plan.fd) or self._flow_or_default()
                index = self.known.index(flow)
                data = plan.payload if plan.payload is not None else pattern(written[index], plan.count)
                written[index] += plan.count
            asked.append((plan.name, fd, arguments, data))
        outcome.frame, replies = stage.inject_and_call(packet, asked)
        for (each, call, plan), reply in zip(found, replies, strict=True):
            each.time = each.expected_at = stage.now
            self._begins(plan, self._translated(plan)[1])
            try:
                self._check(Outstanding(each, call, plan, -1), reply, stage.now)
            except LineFailed as problem:
                self._fail(each, problem)
            else:
                each.verdict = "ok"
        return True

    def _flow_or_default(self) -> Flow:
        if self.current is None:
            self.current = self._open_flow(self.script.options.bind_port, FIRST_REMOTE_PORT)
        return self.current

    def _open_flow(self, local_port: int, remote_port: int, local_ip: str = "", remote_ip: str = "") -> Flow:
        options = self.script.options
        flow = Flow(local_ip or options.local_ip, local_port, remote_ip or options.remote_ip, remote_port)
        self.known.append(flow)
        return flow

    def _flow_for(self, packet: TcpPacket | UdpPacket) -> Flow:
        """Return the connection of a packet that we send; one that begins it opens it."""
        if packet.addresses is not None:
            remote, local = packet.addresses
            flow = self._flow_between(local, remote) or self._open_flow(local[1], remote[1], local[0], remote[0])
        else:
            flow = self._flow_or_default()
        if isinstance(packet, TcpPacket) and "S" in packet.flags:
            flow.remote_isn = packet.span.first
            if "." not in packet.flags:
                flow.unanchored = True
        return flow

    def _flow_between(self, local: tuple[str, int], remote: tuple[str, int]) -> Flow | None:
        for flow in reversed(self.known):
            if (flow.local_ip, flow.local_port, flow.remote_ip, flow.remote_port) == (*local, *remote):
                return flow
        return None

    def _flow_of(self, seen: packets.Seen) -> Flow | None:
        return self._flow_between(seen.source, seen.destination)

    # What we expect.

    def _expect(self, outcome: Outcome, packet: Packet, start: int, end: int) -> None:
        stage = self.stage
        late = self._late(start - self.before)
        stage.run_until(min(end + late, LONGEST), self._has_come)
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

    def _held_against(self, packet: Packet, sent: Sent, outcome: Outcome) -> Comparison:
        seen = packets.read(sent)
        flow = self._flow_expected(packet, seen)
        if seen.tcp is not None and isinstance(packet, TcpPacket):
            self._anchor(flow, packet, seen)
        comparison = compare(
            packet, seen, flow, self._isn.get(id(flow), 0), self.script.options.timestamp_tick, self.tolerance)
        known = flow if seen.kind == "icmp" or seen.fragment else self._flow_of(seen)
        outcome.got = packets.show(seen, known)
        return comparison

    def _flow_expected(self, packet: Packet, seen: packets.Seen) -> Flow:
        addresses = getattr(packet, "addresses", None)
        if addresses is not None:
            local, remote = addresses
            return self._flow_between(local, remote) or self._open_flow(local[1], remote[1], local[0], remote[0])
        flow = self._flow_or_default()
        if seen.fragment and flow.local_port == 0 and seen.ip is not None and seen.ip.fragment_offset == 0:
            flow.local_port = int.from_bytes(seen.payload[:2], "big")
        to = flow.remote_ip, flow.remote_port
        if flow.local_port == 0 and seen.destination == to and seen.source[0] == flow.local_ip:
            flow.local_port = seen.source[1]
        return flow

    def _anchor(self, flow: Flow, packet: TcpPacket, seen: packets.Seen) -> None:
        """Let the host's SYN say where it counts from."""
        header = seen.tcp
        assert header is not None
        if flow.unanchored and header.flags & 2 and "S" in packet.flags and self._flow_of(seen) is flow:
            flow.anchor(header.sequence, packet.span.first)
            self._isn[id(flow)] = packet.span.first

    # Calls.

    def _call(self, outcome: Outcome, call: Call, ends: int) -> None:
        if self.outstanding is not None:
            other = self.outstanding.outcome.line.place.line
            raise LineFailed(f"the call of line {other} has not returned, and a program makes one at a time")
        try:
            plan = calls.plan(call, self.script.file)
        except ScriptError as problem:
            raise LineFailed(problem.problem) from None
        fd, arguments = self._translated(plan)
        data = b""
        if plan.count >= 0:
            data = self._data(plan)
        self.outstanding = Outstanding(outcome, call, plan, ends)
        self._begins(plan, arguments)
        if _early(plan) and plan.fd in self.flows:
            self.flows[plan.fd].written += data  # the SYN may carry it, before the call returns
        self.stage.call(plan.name, fd, arguments, data, plan.timeout)
        if self.stage.exact and ends < 0 and self.stage.reply is None:
            self.outstanding = None
            raise LineFailed("the call waits. One that may is written with both times: +0...0.5", [
                Difference("result", outcome.line.text.rpartition("=")[2].strip(), "it has not returned")])

    def _data(self, plan: calls.Plan) -> bytes:
        if plan.payload is not None:
            return plan.payload
        flow = self.flows.get(plan.fd)
        if self.udp.get(plan.fd, False) or flow is None:
            return pattern(0, plan.count)
        return pattern(len(flow.written), plan.count)

    def _translated(self, plan: calls.Plan) -> tuple[int, list[object]]:
        """Return the descriptor and arguments with the stage's descriptors, and addresses in full."""
        number = self.descriptors.get
        arguments: list[object] = list(plan.arguments)
        options = self.script.options
        if plan.name in ("bind", "connect"):
            usual = ("0.0.0.0", options.bind_port) if plan.name == "bind" else (options.remote_ip, options.connect_port)
            arguments = list(plan.arguments[0] or usual)
        elif plan.name == "sendto":
            arguments = [plan.arguments[0], *(plan.arguments[1] or (options.remote_ip, options.connect_port))]
        elif plan.name == "poll":
            arguments = [[[number(fd, fd), mask] for fd, mask in plan.arguments[0]], plan.arguments[1]]
        elif plan.name == "epoll_ctl":
            arguments = [plan.arguments[0], number(plan.arguments[1], plan.arguments[1]), *plan.arguments[2:]]
        return number(plan.fd, plan.fd), arguments

    def _begins(self, plan: calls.Plan, arguments: list[object]) -> None:
        """Note what a call is about to do to the connections that we know."""
        if plan.name == "bind":
            self.bound[plan.fd] = str(arguments[0]), int(str(arguments[1]))
        elif plan.name in ("connect", "sendto"):
            ip, port = str(arguments[-2]), int(str(arguments[-1]))
            local = self.bound.get(plan.fd, ("", 0))
            known = self.flows.get(plan.fd)
            if known is None or (known.remote_ip, known.remote_port) != (ip, port):
                local_ip = local[0] if local[0] != "0.0.0.0" else ""
                self.current = self.flows[plan.fd] = self._open_flow(local[1], port, local_ip, ip)
            self.info_fd = plan.fd

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
        asks = isinstance(following, Call) or (isinstance(following, Code) and waiting.ends <= self.stage.now)
        if waiting.ends < 0 or (asks and waiting.outcome is not self.outcomes[self.at]):
            self.stage.run_until(late + self.tolerance, self._returned)

    def _blame(self, waiting: Outstanding, problem: LineFailed) -> None:
        self._fail(waiting.outcome, problem)
        if not self.forgiving and waiting.outcome is not self.outcomes[min(self.at, len(self.outcomes) - 1)]:
            raise LineFailed(f"the call of line {waiting.outcome.line.place.line} went wrong")

    def _check(self, waiting: Outstanding, reply: Reply, time: int) -> None:
        """Hold what a call returned against its line."""
        value, code, out, _, _ = reply
        call, plan, outcome = waiting.call, waiting.plan, waiting.outcome
        found = Comparison()
        wanted = call.result
        outcome.got = _show_result(call.name, value, code)
        opened = plan.opens and wanted.value is not None and wanted.value >= 0 and value >= 0
        if opened:
            assert wanted.value is not None
            outcome.got = _show_result(call.name, wanted.value, 0)
            self._opened(wanted.value, value, plan, out)
        elif wanted.value is not None:
            expected = _show_value(wanted.value, wanted.errno)
            name = _errno_name(code)
            same = wanted.value == value and (not wanted.errno or getattr(errno, wanted.errno, -1) == code)
            found.field("result", expected, _show_value(value, name), same)
        late = self._late(waiting.ends - waiting.outcome.time)
        if waiting.ends >= 0 and not -self.tolerance <= time - waiting.ends <= late:
            found.field("returns at", f"+{waiting.ends / 1e6:.6f} s", f"+{time / 1e6:.6f} s")
        if _early(plan) and plan.fd in self.flows:
            written = self.flows[plan.fd].written
            del written[len(written) - plan.count + max(value, 0):]
        if value >= 0:
            flow, udp = self.flows.get(plan.fd), self.udp.get(plan.fd, False)
            if plan.count >= 0 and flow is not None and not udp and not _early(plan):
                flow.written += self._data(plan)[:value]
            memory.hold(plan, reply, flow, udp, found)
        if found.differs:
            raise LineFailed("the call returned something else", found.fields)

    def _opened(self, script: int, live: int, plan: calls.Plan, out: object) -> None:
        self.descriptors[script] = live
        if plan.name == "socket":
            self.udp[script] = plan.arguments[0] == "udp"
            self.flows.pop(script, None)
            self.bound.pop(script, None)
        elif plan.name == "accept" and isinstance(out, (list, tuple)):
            remote = str(out[0]), int(out[1])
            for flow in self.known:
                if (flow.remote_ip, flow.remote_port) == remote:
                    self.flows[script] = flow
            self.info_fd = script

    def _assert(self, code: Code) -> None:
        fd = self.descriptors.get(self.info_fd, -1)
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


def _early(plan: calls.Plan) -> bool:
    return plan.name == "sendto" and bool(plan.arguments[0] & MSG_FASTOPEN)


def _show_value(value: int, code: str) -> str:
    return f"{value} {code}".rstrip()


def _show_result(name: str, value: int, code: int) -> str:
    return f"{name}() = {_show_value(value, _errno_name(code))}"


def _errno_name(code: int) -> str:
    """Return the name that the manual pages use, where an error has two."""
    if code in (errno.EAGAIN, errno.EOPNOTSUPP):
        return "EAGAIN" if code == errno.EAGAIN else "EOPNOTSUPP"
    return errno.errorcode.get(code, str(code)) if code else ""
