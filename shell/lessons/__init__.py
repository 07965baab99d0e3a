"""Guided lessons: files of prose, commands and checks, and what runs them.

`load` reads a file, `conditions` the language of its checks, `watch` follows a step's checks through what
happens, `sandbox` and `lint` prove a lesson in a simulation of their own, and `player` runs one in a session.
"""
