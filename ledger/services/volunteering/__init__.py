"""Volunteer hours: logged by one person, confirmed by another."""
