"""What a person sees: results drawn with rich, as plain lines, or as JSON (`render.py`)."""
