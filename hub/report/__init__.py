"""The clinician's PDF: gathered from the store, computed by `hub.burden`, typeset by LaTeX."""
