"""Rendered Kubernetes manifests to what is committed to Git: Helm charts, Argo CD, references.

This package knows manifests and settings as plain values; it knows neither ClickHouse nor Tutor.
"""
