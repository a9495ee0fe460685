"""Benchmarks: `python -m bench.ingest`, `python -m bench.day`, `python -m bench.topology`."""
