"""Measures the constants of the sizing formula in tutoraspects/topology.py."""
