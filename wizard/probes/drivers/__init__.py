"""Probes that run a real database driver in a child process."""
