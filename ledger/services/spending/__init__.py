"""What a community spends: requests, members' expenses, grants, loans and purchases."""
