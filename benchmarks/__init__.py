"""What Hearth and its open peers reach on public recordings, and how fast. Not installed with Hearth."""
