"""WIRE CONTRACT: where messages travel over MQTT; the standard library alone."""

from typing import Final

TOPIC_ROOT: Final = "hearth/v1"
_DEVICE_PART: Final = 2


def event_topic(device_id: str, kind: str) -> str:
    """Durable events, QoS 1: `hearth/v1/<device>/event/<kind>`."""
    return f"{TOPIC_ROOT}/{device_id}/event/{kind}"


def state_topic(device_id: str) -> str:
    """Newest `LiveState`, retained."""
    return f"{TOPIC_ROOT}/{device_id}/state"


def availability_topic(device_id: str) -> str:
    """`online` (birth), `stopped` (orderly end) or `offline` (last will), retained plain text."""
    return f"{TOPIC_ROOT}/{device_id}/availability"


def receipt_topic(device_id: str) -> str:
    """From hub to edge: `Receipt`."""
    return f"{TOPIC_ROOT}/{device_id}/receipt"


def ask_topic(device_id: str) -> str:
    """From hub to edge: `AskRequest`, QoS 1, not retained."""
    return f"{TOPIC_ROOT}/{device_id}/ask"


def answer_topic(device_id: str) -> str:
    """From edge to hub: `AskAnswer`, QoS 1, not retained."""
    return f"{TOPIC_ROOT}/{device_id}/answer"


def device_of_topic(topic: str) -> str | None:
    """The device that a topic belongs to, or `None` where it is not one of ours."""
    parts = topic.split("/")
    return (
        parts[_DEVICE_PART] if len(parts) > _DEVICE_PART + 1 and "/".join(parts[:2]) == TOPIC_ROOT else None
    )
