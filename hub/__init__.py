"""The household's server: keeps the history, shows it to caregivers, reports it to clinicians."""
