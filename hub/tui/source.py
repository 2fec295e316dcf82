"""Where a look comes from: a database that may not be there yet."""

import threading
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from hub.config import HubConfig
from hub.database import StoreError
from hub.store import Store
from hub.tui.view import Dashboard, look


class Source:
    """Opens the store once it exists, and never creates it: that is the hub's work. For several threads."""

    def __init__(self, config: HubConfig) -> None:
        self.config = config
        self._store: Store | None = None
        self._lock = threading.Lock()

    def read(self, patient_id: str | None, before: Dashboard | None = None) -> Dashboard:
        """One look; what hinders it is said in `Dashboard.missing`."""
        now = datetime.now(UTC)
        file = self.config.database_file
        if file is not None and not file.exists():
            return Dashboard(now, missing=f"No database yet: has the hub ever run? ({file})")
        try:
            return look(self.store(), self.config, patient_id, now, before)
        except (StoreError, SQLAlchemyError) as error:
            reason = str(getattr(error, "orig", None) or error)
            return Dashboard(now, missing=f"The database cannot be read: {reason}")

    def store(self) -> Store:
        """The store, opened on the first call; raises `StoreError`."""
        with self._lock:
            if self._store is None:
                self._store = Store.open(self.config.database_url)
            return self._store

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            if self._store is not None:
                self._store.close()
                self._store = None
