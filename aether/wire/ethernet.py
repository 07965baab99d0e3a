HEADER_LENGTH = 14
TYPE_IPV4, TYPE_ARP, TYPE_IPV6 = 0x800, 0x806, 0x86DD


def build(d, s, t, p):
    return d + s + t.to_bytes(2, "big") + p
