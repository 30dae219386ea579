"""Signing in, sessions, and second factors."""
