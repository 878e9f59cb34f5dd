"""Sans-I/O codecs, both ways: the bytes before TLS of each database, the TLS hello and first flight."""
