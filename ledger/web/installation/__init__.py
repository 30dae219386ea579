"""Pages for whoever runs the installation: setting it up on the first visit."""
