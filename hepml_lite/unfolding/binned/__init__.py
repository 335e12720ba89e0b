"""Unfolding in bins: histograms and a response matrix, from plain inversion to iterative Bayes."""
