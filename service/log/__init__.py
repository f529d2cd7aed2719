"""The log's own arithmetic, with no database and no web in it: what a stranger needs to check an export."""
