"""Pages on which somebody sees how far the background jobs are that they asked for."""
