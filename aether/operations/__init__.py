"""What a person can do to a world, as data: `base` has the registry, and each module beside it one kind."""

from aether.operations import attack, box, calls, frames, knobs, link, load, net, reading, services, tcp, workers

__all__ = ["attack", "box", "calls", "frames", "knobs", "link", "load", "net", "reading", "services", "tcp", "workers"]
