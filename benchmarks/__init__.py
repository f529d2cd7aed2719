"""Measurements, each beside something else in the same run, so that only ratios have to be believed."""
