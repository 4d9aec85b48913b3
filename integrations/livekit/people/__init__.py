"""Who is there, who may be heard, and what is destroyed of those who refuse.

Nothing is asked of them and nothing told to them from here.
"""
