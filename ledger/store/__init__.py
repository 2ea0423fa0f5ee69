"""The store: tables by subject, constraints, triggers, named queries. No rules, no commits."""
