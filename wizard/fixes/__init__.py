"""Selects fixes and renders their steps, quoted for the shell they are for."""
