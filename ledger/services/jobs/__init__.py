"""The job queue, outgoing mail and rate limits: what every capability may use."""
