"""Which jet comes from which quark of a top pair: candidates, and four ways to choose among them.

Each way gives scores (N, 180) of all assignments of an event, `-inf` for those with an absent jet:
`chi_square` knows the masses, `supervised` and `contrastive_combinatorics` learn from the true
roles, `mixed_events` learns without them.
"""
