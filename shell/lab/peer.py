"""Who the host at the other end is: what to say of it at the start, and when it refuses.

In the simulation it serves whatever the lessons need; behind a TAP it is the Linux kernel, which serves nothing
that nobody has started there. Whoever does not know which lab this is cannot know why.
"""

from __future__ import annotations

from shell.session import Lab, Session

SERVED = {7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 53: "DNS", 67: "DHCP", 80: "HTTP"}
"""What the simulated host serves, by port."""
SIMULATED = "aether-shell --sim"
REAL = "sudo aether-shell"


def introduction(lab: Lab, root: bool) -> str:
    """Return who the host is, and how to have the other lab; empty where a recording is looked at."""
    if lab.replayed:
        return ""
    if lab.kind == "SIM":
        other = "aether-shell without --sim" if root else REAL
        return f"The host is simulated. With the Linux kernel in its place: {other}"
    return (f"The host is the Linux kernel, and serves only what is started there. "
            f"The simulated lab, whose host serves HTTP, DNS, DHCP and more: {SIMULATED}")


def refusal(session: Session, address: str, port: int, host: str = "you") -> str:
    """Return what to add where the host at the other end did not serve a port; empty if it is not the kernel."""
    lab = session.lab
    if lab.kind != "TAP" or host != "you" or address != lab.host_address:
        return ""
    said = (f". Here {address} is the Linux kernel behind TAP {lab.device}, which serves port {port} only if a program "
            f"was started for that")
    if port == 80:
        said += f": `{server(address)}` shows this directory, and `http get http://{address}:8000/` asks for it"
    else:
        said += ": `host -- ss -tuln` lists what is served, `host -- PROGRAM` runs a program there"
    if port in SERVED:
        said += f". In the simulated lab the host serves {SERVED[port]}: {SIMULATED}"
    return said


def server(address: str) -> str:
    """Return a line that starts a web server at the kernel's side; it ends with the shell."""
    return f'host -- sh -c "python3 -m http.server 8000 --bind {address} >/dev/null 2>&1 &"'
