"""The HTTP interface: one blueprint per noun, views of a few lines."""
