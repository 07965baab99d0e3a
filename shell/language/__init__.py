"""How commands are declared and read, and the pages that are made of the declarations."""
