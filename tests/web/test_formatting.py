"""Pictures and figures as pages show them."""
