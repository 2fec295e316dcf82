"""Which bundle an edge runs: the one its configuration names, or the newest that proved itself."""

from pathlib import Path

from edge.bundle import DEFAULT_BUNDLE
from edge.bundle_store import chosen
from edge.config import EdgeConfig, ModelSection


def bundle_folder(section: ModelSection, *, is_start: bool = False) -> tuple[Path, str | None]:
    """The folder, and what was wrong with the bundle that was wanted."""
    if section.store is None:
        return section.bundle or DEFAULT_BUNDLE, None
    found = chosen(section.store, is_start=is_start)
    return found.folder, found.complaint


def with_bundle(config: EdgeConfig) -> tuple[EdgeConfig, str | None]:
    """The configuration of a start, with its bundle named."""
    folder, complaint = bundle_folder(config.model, is_start=True)
    return config.model_copy(update={"model": config.model.model_copy(update={"bundle": folder})}), complaint
