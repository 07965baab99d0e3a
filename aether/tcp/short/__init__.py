"""Short connections: what a peer opens, asks small pages of, and closes again, without trouble.

Most connections of a server are like that. The knob `tcp.fast_path` lets them be records of some forty numbers
(`record.ShortConnection`), from the SYN to TIME-WAIT (`path.FastPath`); whatever is not as predicted makes whole ones
of them (`promote`) and takes the ordinary path. Where events are recorded, `trace` sums them up, and `events` unfolds
them. `responder` says what an application has to offer for it.
"""
