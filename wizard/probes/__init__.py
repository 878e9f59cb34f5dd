"""What can be asked of a server; one file per probe."""
