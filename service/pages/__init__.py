"""The pages: what people see of the service in a browser.

They are a client of the API like any other: a page asks for what it shows as whoever is signed in, by `asking.py`, so
nothing can be seen or done here that the API would refuse, and every read is recorded where the API records it.
"""
