"""Questions about payments, disputes, monthly gifts and the Stripe balance."""
