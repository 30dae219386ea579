"""Undoing: how each event is undone, what rests on an entry, and undoing both in one go."""
