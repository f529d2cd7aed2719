"""What a rule file does: the same facts and version in, the same decision out."""
