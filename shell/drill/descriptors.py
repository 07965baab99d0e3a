"""The descriptors of a script's program: what its calls are about, and what they returned."""

from __future__ import annotations

import errno

from aether.apps.process import Reply
from aether.socket_options import MSG_FASTOPEN
from shell.drill import calls, memory
from shell.drill.compare import Compared
from shell.drill.connections import Connections
from shell.drill.flows import ScriptFlow, pattern
from shell.drill.script import ScriptCall


class Descriptors:
    """What each number of the script stands for."""

    def __init__(self, connections: Connections) -> None:
        self.connections = connections
        self.live: dict[int, int] = {}
        """The descriptors of the stage by those of the script."""
        self.flows: dict[int, ScriptFlow] = {}
        """The connection of each descriptor of the script."""
        self.bound: dict[int, tuple[str, int]] = {}
        self.udp: dict[int, bool] = {}
        self.info_fd = -1
        """The connection whose ``tcp_info`` is asked for: the one that was accepted or opened last."""

    def data(self, plan: calls.CallPlan) -> bytes:
        """Return what a call writes."""
        if plan.payload is not None:
            return plan.payload
        flow = self.flows.get(plan.fd)
        if self.udp.get(plan.fd, False) or flow is None:
            return pattern(0, plan.count)
        return pattern(len(flow.written), plan.count)

    def translated(self, plan: calls.CallPlan) -> tuple[int, list[object]]:
        """Return the descriptor and arguments with the stage's descriptors, and addresses in full."""
        number = self.live.get
        arguments: list[object] = list(plan.arguments)
        options = self.connections.options
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

    def begins(self, plan: calls.CallPlan, arguments: list[object], data: bytes) -> None:
        """Note what a call is about to do to the connections that we know, and what it may put into a SYN."""
        if plan.name == "bind":
            self.bound[plan.fd] = str(arguments[0]), int(str(arguments[1]))
        elif plan.name in ("connect", "sendto"):
            ip, port = str(arguments[-2]), int(str(arguments[-1]))
            local = self.bound.get(plan.fd, ("", 0))
            known = self.flows.get(plan.fd)
            if known is None or (known.remote_ip, known.remote_port) != (ip, port):
                local_ip = local[0] if local[0] != "0.0.0.0" else ""
                self.connections.current = self.flows[plan.fd] = self.connections.open(local[1], port, local_ip, ip)
            self.info_fd = plan.fd
        if _early(plan) and plan.fd in self.flows:
            self.flows[plan.fd].written += data  # the SYN may carry it, before the call returns

    def hold(self, call: ScriptCall, plan: calls.CallPlan, reply: Reply, found: Compared) -> str:
        """Note in `found` how what a call returned differs from its line; return it as a script would write it."""
        value, code, out, _, _ = reply
        wanted = call.result
        got = _show_result(call.name, value, code)
        if plan.opens and wanted.value is not None and wanted.value >= 0 and value >= 0:
            got = _show_result(call.name, wanted.value, 0)
            self._opened(wanted.value, value, plan, out)
        elif wanted.value is not None:
            expected = _show_value(wanted.value, wanted.errno)
            same = wanted.value == value and (not wanted.errno or getattr(errno, wanted.errno, -1) == code)
            found.field("result", expected, _show_value(value, _errno_name(code)), same)
        return got

    def settle(self, plan: calls.CallPlan, reply: Reply, found: Compared) -> None:
        """Note what a call has written or read, and how that differs."""
        if _early(plan) and plan.fd in self.flows:
            written = self.flows[plan.fd].written
            del written[len(written) - plan.count + max(reply.value, 0):]
        if reply.value < 0:
            return
        flow, udp = self.flows.get(plan.fd), self.udp.get(plan.fd, False)
        if plan.count >= 0 and flow is not None and not udp and not _early(plan):
            flow.written += self.data(plan)[:reply.value]
        memory.hold(plan, reply, flow, udp, found)

    def _opened(self, script: int, live: int, plan: calls.CallPlan, out: object) -> None:
        self.live[script] = live
        if plan.name == "socket":
            self.udp[script] = plan.arguments[0] == "udp"
            self.flows.pop(script, None)
            self.bound.pop(script, None)
        elif plan.name == "accept" and isinstance(out, (list, tuple)):
            remote = str(out[0]), int(out[1])
            for flow in self.connections.known:
                if (flow.remote_ip, flow.remote_port) == remote:
                    self.flows[script] = flow
            self.info_fd = script


def _show_value(value: int, code: str) -> str:
    return f"{value} {code}".rstrip()


def _show_result(name: str, value: int, code: int) -> str:
    return f"{name}() = {_show_value(value, _errno_name(code))}"


def _early(plan: calls.CallPlan) -> bool:
    return plan.name == "sendto" and bool(plan.arguments[0] & MSG_FASTOPEN)


def _errno_name(code: int) -> str:
    """Return the name that the manual pages use, where an error has two."""
    if code in (errno.EAGAIN, errno.EOPNOTSUPP):
        return "EAGAIN" if code == errno.EAGAIN else "EOPNOTSUPP"
    return errno.errorcode.get(code, str(code)) if code else ""
