"""What a bank line becomes, and the signed statement of a day that bank and books agree."""
