"""Models with a known answer, against which a method is measured."""
