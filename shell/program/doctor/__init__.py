"""`aether-shell doctor`: what of this machine Aether can use, what it cannot, and the command that mends it.

It has to speak where nothing else can: so its modules need no package, and are read by a Python that is too old for all
the others. What they borrow from the rest of the shell is imported where it is used, and its absence is a finding too.
"""
