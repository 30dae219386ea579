"""Questions about approval requests, their rules, and agreements."""
