"""What a rule file says: it is read, checked and explained here. No clock, database or network."""
