"""What one person requests and others approve; agreements that are carried out in steps."""
