"""Commands, plain questions and exit statuses."""
