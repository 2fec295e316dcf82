"""The caregiver's dashboard in a terminal."""
