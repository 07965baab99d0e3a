"""Aether: a complete TCP/IP stack in plain Python, made to be looked at.

Nothing below this package performs I/O, reads a clock or starts a thread, except
`aether.engine` (which drives a world) and `aether.link.tap` (the one device).

What programs that use it as a library may rely on; a test imports each:

    from aether.engine.core import Core                 a world, driven by a thread
    from aether.filters import compile_filter           Wireshark's expressions over frames and events
    from aether.host import Host                        a host, with its stack and its applications
    from aether.knobs import KNOBS, Knobs, profile      every switch
    from aether.events import DROPS, KINDS              every reason of a drop, every kind of event
    from aether.lab import simulated                    the simulated lab
    from aether.laboratory import Laboratory            one host, alone with its tester
    from aether.operations.tcp import TcpConnect        what can be done to a world; so the modules beside it
    from aether.queries import connections, counters    what can be asked of a world
    from aether.sockets import TcpSocket                what an application calls
    from aether.udp import UdpSocket
    from aether.wire import arp, icmp, ipv4, tcp, udp   headers, and back to bytes
    from aether.world import World                      hosts, links, clock: `step`

Everything else may move.
"""

__version__ = "0.1.0"
