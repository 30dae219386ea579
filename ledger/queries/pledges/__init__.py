"""Questions about pledges and the figures that people are shown."""
