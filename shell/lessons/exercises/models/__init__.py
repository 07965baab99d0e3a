"""For each exercise: the right part, the same with one typical mistake, and the stories that tell them apart."""
