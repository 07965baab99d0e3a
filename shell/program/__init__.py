"""The program: its options, and how a session begins and ends."""
