"""Questions in plain words: what is asked, and what the hub's history, its pages or the edge say to it."""
