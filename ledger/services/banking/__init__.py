"""Bank lines matched to what they mean; cash, cheques and their deposits; what is paid back."""
