"""Aspects for clusters: the learner analytics of Open edX, sized from one number."""

__version__ = "22.0.0"
