"""RFC 1071, as a learner would write it."""


def checksum(data: bytes) -> int:
    if len(data) % 2 == 1:
        data += b"\0"
    total = 0
    for index in range(0, len(data), 2):
        total += (data[index] << 8) + data[index + 1]
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF
