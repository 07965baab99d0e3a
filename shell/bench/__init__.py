"""Measuring: loads on the stack, from the kernel's side or inside the simulation, and what came of them."""
