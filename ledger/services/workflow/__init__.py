"""What crosses all capabilities: daily jobs, backups, erasing a person, the first book."""
