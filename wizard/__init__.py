"""dbtls: finds out why a database connection fails on its certificate, and proves the fix."""

__version__ = "0.1.0"
