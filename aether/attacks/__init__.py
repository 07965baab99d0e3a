"""Attacks, as they were and are made: for the lab, where one can see what each defence is good for.

An attacker is a station of its own on the lab's link, and never on any other: it hears what passes, and puts frames
in front of its one victim. Every attack is bounded in number and in time, and stops by itself.
"""
