"""Pages of campaigns: public, for their organiser, and for sponsors."""
