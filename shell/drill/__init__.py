"""Packet scripts in the language of packetdrill, played against Aether and against Linux."""
