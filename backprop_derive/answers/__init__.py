"""Judging hand calculations.

text ──documents──▶ passages ──reading──▶ statements ──judging──▶ verdicts ──diagnosis──▶ mistakes ──▶ claims

What a person wrote is read into expressions over the nodes of the graph, evaluated at random points of the forward
pass in 40 digits, and compared with the derivatives of the graph. A wrong answer is explained by repeating the backward
pass with one mistake in it, until the answer comes out.
"""
