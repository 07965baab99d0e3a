"""The commands, one module per noun. `shell.language.registry` says which words begin a line, and imports them."""
