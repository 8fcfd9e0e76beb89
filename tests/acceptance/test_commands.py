"""Tenants and accounts from the command line: made, invited, given a role, closed."""

from __future__ import annotations

from uuid import uuid4

import httpx

from acceptance.platform import Notehouse


def test_a_tenant_and_its_people(notehouse: Notehouse) -> None:
    slug, name = f"spirit-{uuid4().hex[:6]}", f"ana-{uuid4().hex[:6]}"

    def said(*words: str) -> str:
        done = notehouse(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    try:
        assert slug in said("tenant", "add", slug, "--name", "Spirit")
        told = said("user", "add", name, "--tenant", slug, "--role", "analyst", "--attribute", "region=EU")
        link = told.splitlines()[-1]
        assert "password" in httpx.get(link).raise_for_status().text
        assert said("user", "invite", name).splitlines()[-1] != link
        assert httpx.get(link).is_error
        assert f"{slug}:analyst" in said("user", "list", "--search", name)
        said("tenant", "give", slug, name, "viewer")
        assert "analyst, viewer" in said("tenant", "members", slug)
        said("tenant", "take", slug, name, "analyst")
        assert "analyst" not in said("tenant", "members", slug)
        said("user", "close", name)
        assert "closed" in said("tenant", "members", slug)
    finally:
        said("tenant", "close", slug)
    assert [
        line for line in said("tenant", "list").splitlines() if line.startswith(slug) and "closed" in line
    ]


def test_what_cannot_be_done_is_told(notehouse: Notehouse) -> None:
    unknown = notehouse("user", "close", "nobody-at-all")
    assert unknown.returncode == 1
    assert "There is no such account" in unknown.stderr
    assert "Traceback" not in unknown.stderr
    assert "not name=value" in notehouse("user", "add", "somebody", "--attribute", "EU").stderr
