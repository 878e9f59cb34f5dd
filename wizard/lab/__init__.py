"""Loopback database servers with chosen faults, complete enough for real drivers."""
