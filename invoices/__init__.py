"""Documents: what is billed, how it is numbered, what it looks like on paper.

Owns the frozen document and everything made from it; knows the ledger below it and nothing of HTTP above it.
"""
