"""From a score to a search: the scan of a spectrum, its background, p-values and limits."""
