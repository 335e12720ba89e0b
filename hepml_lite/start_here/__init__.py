"""The five-minute demo: does a network beat a cut on the jet mass?"""
