"""Pages about people, their rights and data, and a book's settings."""
