"""Pages of attached files: the panel that other pages show, downloads, and what is missing."""
