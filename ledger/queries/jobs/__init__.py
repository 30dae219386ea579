"""Questions about the queue, outgoing mail and the installation."""
