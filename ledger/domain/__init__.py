"""The domain: pure values and rules. No Flask, no SQLAlchemy, no clock, no I/O."""
