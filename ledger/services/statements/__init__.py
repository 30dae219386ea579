"""Bank statements: files read, accounts told apart, lines kept once, imports in the background."""
