"""Opens the store as the configuration says."""

from functools import partial
from pathlib import Path

from gateway.settings import StoreSettings, secret_path
from gateway.store import Store
from gateway.store.keys import outer_key


def open_store(settings: StoreSettings, credentials: str | None) -> Store:
    """The store, owned by this process until it is closed; `credentials` is systemd's directory of them.

    RefusedError, TransientError or ConfigurationError with the reason; the key is looked for once the store is ours.
    """
    return Store(Path(settings.path), settings.max_mb * 1_000_000, partial(outer_of, settings.key_file, credentials))


def outer_of(key_file: str | None, credentials: str | None) -> bytes | None:
    """The key that seals the store's own keys; None: they lie bare."""
    return None if key_file is None else outer_key(secret_path(key_file, credentials, "store.key_file"))
