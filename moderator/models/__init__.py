"""Model weights: a registry with pinned hashes, and a store that fetches and checks them.

No model is run here.
"""
