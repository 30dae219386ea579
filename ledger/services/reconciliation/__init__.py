"""What a bank line becomes: one thing or several, by a person, by many at once, or by a rule."""
