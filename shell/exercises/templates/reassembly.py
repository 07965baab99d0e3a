"""TCP's reassembly (RFC 9293 §3.4, §3.10.7.4): from segments in any order to the stream that was sent.

Segments come late, twice, out of order, and cut in another way when they are sent again. Every byte of the stream is
delivered once, in its order, and as soon as everything before it is there. Sequence numbers have 32 bits: after
4294967295 comes 0. No segment begins more than a gigabyte ahead of, or behind, what is expected.
"""


class Reassembly:
    """The receiving side of one connection."""

    def __init__(self, first: int) -> None:
        """`first` is the sequence number of the first byte of the stream."""
        raise NotImplementedError

    def arrived(self, sequence: int, data: bytes) -> bytes:
        """Take a segment whose first byte has the number `sequence`; return what can be delivered now, perhaps b""."""
        raise NotImplementedError

    def expected(self) -> int:
        """Return the number of the next byte that is missing (RCV.NXT): what an acknowledgement would say."""
        raise NotImplementedError
