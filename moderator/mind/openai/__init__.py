"""A mind behind any OpenAI-compatible server: attributed transcript in, structured proposal out.

What the server answers is data from outside; it is checked before anything is made of it.
"""
