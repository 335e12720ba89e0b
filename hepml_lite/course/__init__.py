"""Tools for teachers and CI: build, run and time the notebooks, and check the machine."""
