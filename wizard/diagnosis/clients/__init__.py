"""Which clients will connect: what is known of a server, a client's profile and its options, and what follows."""
