"""The worked events of a whole year, run in order through the services as people would do them."""
