"""Speaks to wearables: transports bring bytes, decoders turn them into packets."""
