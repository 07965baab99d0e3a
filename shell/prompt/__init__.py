"""The terminal: the line that one types, what completes it, what stands below it, and views on the whole screen."""
