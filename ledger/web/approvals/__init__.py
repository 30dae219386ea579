"""Pages of approval requests and agreements."""
