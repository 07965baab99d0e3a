"""Commands, views and lessons around an Aether world."""
