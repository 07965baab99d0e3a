"""`link`: lose, delay and damage frames on their way."""
