"""Certificates: bytes in, facts out. Opens no socket."""
