"""What commands return, one module per noun: plain data, which the views draw and ``--json`` prints as it is.

Names that end in ``_us`` are microseconds of world time. Addresses are text. The fields and
their names are the documented schema of ``--json``: fields may be added, none is renamed.
"""
