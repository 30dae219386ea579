"""Questions about campaigns, sponsors and moderation."""
