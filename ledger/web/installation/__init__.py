"""Pages for whoever runs the installation: its first visit, books, jobs, mail and health."""
