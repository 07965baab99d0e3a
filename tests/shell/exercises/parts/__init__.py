"""Parts that are right, as learners would write them; tests change them into wrong ones."""
