"""Real database drivers, each in a child process that can be killed: the server's own view, and live attempts."""
