"""Pledges, who gives them, what is receivable, and what donors are told."""
