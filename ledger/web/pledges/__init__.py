"""The donor's pages: pledge, pay, change, and see what was given."""
