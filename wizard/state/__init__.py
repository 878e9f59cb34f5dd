"""What dbtls remembers on this machine: recent cases, progress in the lab, settings. Never a secret."""
