"""Practising on broken servers: the list of exercises, and the way through one of them."""
