"""The artifact store keeps whole files under the hash of what they hold, in a folder and in object storage alike."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from notehouse_core.artifacts import ArtifactStore, open_artifacts
from notehouse_core.errors import NotFound, Unavailable
from notehouse_core.settings import Settings


@pytest.fixture(scope="module")
def object_storage() -> Iterator[Settings]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **keys).create_bucket(Bucket="house")
    yield Settings(
        artifacts="s3://house/artifacts", s3_endpoint=endpoint, s3_key_id="key", s3_secret="secret"
    )
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "s3":
        return open_artifacts(request.getfixturevalue("object_storage"))
    return open_artifacts(Settings(artifacts=str(tmp_path)))


def test_what_goes_in_comes_out_and_twice_is_once(store: ArtifactStore) -> None:
    key = store.put(b"a notebook")
    assert store.put(b"a notebook") == key != store.put(b"another")
    assert store.get(key) == b"a notebook"
    assert store.is_writable()


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64])
def test_what_is_not_there_is_said_so(store: ArtifactStore, key: str) -> None:
    with pytest.raises(NotFound):
        store.get(key)


def test_two_processes_see_what_the_other_stores(object_storage: Settings) -> None:
    one, two = open_artifacts(object_storage), open_artifacts(object_storage)
    with pytest.raises(NotFound):
        two.get("b" * 64)
    assert two.get(one.put(b"shared")) == b"shared"
    assert one.put(b"shared") == two.put(b"shared")


def test_a_storage_that_is_away_is_said_so() -> None:
    away = Settings(artifacts="s3://house/x", s3_endpoint="http://127.0.0.1:9", s3_key_id="a", s3_secret="b")
    store = open_artifacts(away)
    assert not store.is_writable()
    with pytest.raises(Unavailable, match="NOTEHOUSE_S3_"):
        store.put(b"x")
