"""Who asks and what is kept. Thin: parse, decide, store, show."""
