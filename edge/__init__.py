"""The edge: from samples to episodes, on a small computer beside the patient."""
