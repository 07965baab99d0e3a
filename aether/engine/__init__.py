"""Who drives a world: the thread, its loop, its history."""
