"""Sans-I/O codecs in both directions: the bytes before TLS of each database, the TLS hello and first flight."""
