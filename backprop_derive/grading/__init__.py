"""Whole folders of hand calculations: one network, many submissions.

folder ──submissions──▶ files ──running──▶ an attendant each ──▶ marks ──rubric──▶ grades

A submission is judged in a process of its own, which is ended when its time is up: whatever a file holds costs only itself.
What is finished is written down at once, so that an interrupted run goes on where it was.
"""
