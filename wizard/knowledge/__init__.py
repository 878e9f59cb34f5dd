"""Finds, loads and checks the YAML of the knowledge folder."""
