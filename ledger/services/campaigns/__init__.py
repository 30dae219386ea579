"""Campaigns, their moderation, and sponsors who match gifts."""
