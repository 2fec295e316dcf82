"""The figures of ANSI/AAMI EC57, as the WFDB reference tools bxb, rxr, epicmp and sumstats print them.

Beside them wave boundaries, VF in windows, noise stress and CinC 2017, by their own conventions. Needs
no torch, so that any detector can be scored where the edge runs.
"""
