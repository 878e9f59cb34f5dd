"""What dbtls can do on this machine, what is missing for the rest, and how to get it. Sends nothing."""
