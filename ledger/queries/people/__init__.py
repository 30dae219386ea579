"""Questions about people, givers, sessions, factors and rights."""
