"""Captures: the files of tcpdump and Wireshark, read and written, and what is recorded into them."""
