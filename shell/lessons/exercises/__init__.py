"""Exercises in which the learner writes a part of the stack himself, in a file of his own.

`catalogue` says which there are, `templates` is what a learner begins with, `models` has for each the right part, the
mistakes that are typical, and the stories that tell them apart. A learner's code runs in a process of its own
(`running` here, `child` there) and never in the program; it is loaded when he says so and by nothing else.
"""
