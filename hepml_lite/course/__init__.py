"""What teachers and CI need: build the notebooks, run them, time them, look after the machine."""
