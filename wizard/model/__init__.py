"""Frozen values that every other room speaks in. No clock, no socket, no file, no screen."""
