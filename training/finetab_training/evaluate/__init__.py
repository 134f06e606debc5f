"""Measuring: holes, metrics, and answers through the pipeline that serves."""
