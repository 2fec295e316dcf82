"""Data, losses, training and scores of the ECG encoder."""
