"""The figures of ANSI/AAMI EC57, as the WFDB reference tools bxb, rxr, epicmp and sumstats print them.

Imports numpy and wfdb alone, so that any detector can be scored without torch.
"""
