"""What a solver can show of a rule file: rules that never apply, overlaps, gaps, points that nobody gets out."""
