"""Physics and learning for the notebooks of the course: no downloads, no widgets."""
