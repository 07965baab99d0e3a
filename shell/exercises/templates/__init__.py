"""What learners begin with: `exercise start NAME` writes one of these files, and its docstring is the task."""
