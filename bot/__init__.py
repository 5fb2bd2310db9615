"""Runs the hall: the only place with a network, a clock and a process."""
