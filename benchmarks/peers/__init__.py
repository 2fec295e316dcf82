"""Open detectors to stand beside: one small module each, with NAME, DISTRIBUTION, SAYS and `detect`.

They run in a process of their own, under the interpreter that has them (see peers.txt), so that nothing
of theirs meets Hearth's environment:

    PYTHON -m benchmarks.peers xqrs signals.npz found.npz
"""
