"""RFC 9293 §3.10.7.4, as a learner would write it: byte by byte."""


class Reassembly:
    def __init__(self, first: int) -> None:
        self.next = first
        self.waiting: dict[int, int] = {}

    def arrived(self, sequence: int, data: bytes) -> bytes:
        for index, byte in enumerate(data):
            number = (sequence + index) % 2**32
            if (number - self.next) % 2**32 < 2**31:
                self.waiting[number] = byte
        found = bytearray()
        while self.next in self.waiting:
            found.append(self.waiting.pop(self.next))
            self.next = (self.next + 1) % 2**32
        return bytes(found)

    def expected(self) -> int:
        return self.next
