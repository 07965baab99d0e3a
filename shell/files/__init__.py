"""How files are opened and written: ordinary ones alone, and whole or not at all."""
