"""A question of a person, from the config to the answer: for the command and the dashboard alike."""

from datetime import UTC, datetime
from typing import Final

from hub.ask.answer import Answer
from hub.ask.answering import Asker, answer
from hub.ask.reader import Reader
from hub.ask_client import ask_edge
from hub.config import HubConfig
from hub.knowledge_index import KnowledgeIndex
from hub.service import address
from hub.store import Store

DEADLINE_S: Final = 30.0


def ask(
    store: Store,
    config: HubConfig,
    patient_id: str,
    question: str,
    episode: str | None = None,
    deadline_s: float = DEADLINE_S,
) -> Answer:
    """Answer a question as typed; the edge may take `deadline_s`.

    Raises what has `for_user`: a question that cannot be asked, a broker that cannot be reached.
    """
    asker = Asker(
        store=store,
        config=config,
        patient_id=patient_id,
        now=datetime.now(UTC),
        ask_edge=lambda asked: ask_edge(address(config), asked),
        deadline_s=deadline_s,
        reader=Reader.default(),
        index=KnowledgeIndex(),
    )
    return answer(asker, question, episode)
