"""People, their sessions, second factors, tokens, and the log of their rights."""
