"""Signed bundles: who signed, what is in them, and what happens when one fails."""

import json
import shutil
import tarfile

import pytest
from minisign import KeyPair

from edge.bundle import DEFAULT_BUNDLE
from edge.bundle_store import MOST_STARTS, Chosen, chosen, confirm, install, pack, signature_path, take_back
from edge.errors import UserError

KEYS = KeyPair.generate()


@pytest.fixture
def bundle(tmp_path):
    return shutil.copytree(DEFAULT_BUNDLE, tmp_path / "bundle")


@pytest.fixture
def archive(tmp_path, bundle):
    pack(bundle, tmp_path / "update.tar", KEYS.secret_key)
    return tmp_path / "update.tar"


def newer(tmp_path, bundle, version):
    manifest = json.loads((bundle / "manifest.json").read_text())
    (bundle / "manifest.json").write_text(json.dumps(manifest | {"version": version}))
    pack(bundle, tmp_path / f"{version}.tar", KEYS.secret_key)
    return tmp_path / f"{version}.tar"


def test_a_new_bundle_runs_and_proves_itself(tmp_path, bundle, archive):
    store = tmp_path / "store"
    assert chosen(store) == Chosen(DEFAULT_BUNDLE)
    first = install(archive, store, KEYS.public_key)
    assert chosen(store) == Chosen(first)
    confirm(store)
    second = install(newer(tmp_path, bundle, "9.9"), store, KEYS.public_key)
    assert chosen(store) == Chosen(second)
    assert second.name.split("-")[-2] == "9.9"
    back = take_back(store, "by hand")
    assert (back.folder, chosen(store)) == (first, Chosen(first))
    assert back.complaint == f"by hand; {first.name} runs instead"


def test_a_bundle_that_never_proves_itself_is_taken_back(tmp_path, bundle, archive):
    store = tmp_path / "store"
    good = install(archive, store, KEYS.public_key)
    confirm(store)
    bad = install(newer(tmp_path, bundle, "9.9"), store, KEYS.public_key)
    assert [chosen(store).folder for _ in range(MOST_STARTS)] == [bad] * MOST_STARTS
    fallen = chosen(store)
    assert fallen.folder == good
    assert fallen.complaint is not None
    assert "did not prove itself" in fallen.complaint
    assert chosen(store) == Chosen(good)


def test_a_damaged_bundle_gives_way_even_to_the_one_that_comes_with_hearth(tmp_path, archive):
    store = tmp_path / "store"
    folder = install(archive, store, KEYS.public_key)
    (folder / "encoder.onnx").write_bytes(b"rot")
    fallen = chosen(store)
    assert fallen.folder == DEFAULT_BUNDLE
    assert fallen.complaint is not None
    assert "wrong hash" in fallen.complaint


def test_what_is_not_signed_by_the_trusted_key_is_refused(tmp_path, archive):
    store = tmp_path / "store"
    with pytest.raises(UserError, match="not of the trusted key"):
        install(archive, store, KeyPair.generate().public_key)
    with archive.open("ab") as file:
        file.write(b"\0")
    with pytest.raises(UserError, match="or the file was changed"):
        install(archive, store, KEYS.public_key)
    signature_path(archive).write_text("nonsense")
    with pytest.raises(UserError, match="no minisign signature"):
        install(archive, store, KEYS.public_key)
    signature_path(archive).unlink()
    with pytest.raises(UserError, match="No such file"):
        install(archive, store, KEYS.public_key)
    assert chosen(store) == Chosen(DEFAULT_BUNDLE)


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "folder/file", ".hidden"])
def test_an_archive_can_write_nowhere_else(tmp_path, name):
    evil = tmp_path / "evil.tar"
    with tarfile.open(evil, "w") as tar:
        tar.add(__file__, name)
    signature_path(evil).write_bytes(bytes(KEYS.secret_key.sign(evil.read_bytes())))
    with pytest.raises(UserError, match="holds more than the files of a bundle"):
        install(evil, tmp_path / "store", KEYS.public_key)


def test_a_model_that_does_not_run_here_is_refused_and_the_old_one_stays(tmp_path, bundle, archive):
    import hashlib

    store = tmp_path / "store"
    good = install(archive, store, KEYS.public_key)
    confirm(store)
    (bundle / "encoder.onnx").write_bytes(b"not a model")
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["onnx_sha256"] = hashlib.sha256(b"not a model").hexdigest()
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(UserError, match="does not run on this machine"):
        install(newer(tmp_path, bundle, "9.9"), store, KEYS.public_key)
    assert chosen(store) == Chosen(good)
