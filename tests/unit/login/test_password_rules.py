"""What may be a password."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from notehouse_core.errors import Unavailable
from notehouse_hub.login.password_rules import PasswordRules, is_listed

NAME = "united-analyst"


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("short", "Use at least 10 characters."),
        ("x" * 1025, "Use at most 1024 characters."),
        ("ab\0cdefghijkl", "Use at most 1024 characters."),
        ("aabbaabbaabb", "Use more different characters."),
        ("United-Analyst1", "This is too much like the username. Choose another."),
    ],
)
def test_a_problem_is_named(password: str, problem: str) -> None:
    assert PasswordRules().problem_of(password, NAME) == problem


@pytest.mark.parametrize(
    "password",
    [
        "Password123!",
        "P@ssw0rd2024",
        "!!l3tm3in!!!",
        "1234567890",
        "qwertyuiop",
        "abcdefghij",
        "9876543210x",
        "summer2024!!",
        "qazwsxedc1",
        "notehouse-2024",
        "12345qwert",
        "correct horse battery staple",
    ],
)
def test_what_anybody_tries_first_is_refused(password: str) -> None:
    assert "first passwords that anybody tries" in PasswordRules().problem_of(password, NAME)


@pytest.mark.parametrize(
    "password",
    [
        "a long enough one",
        "xK9!mQ2#vLp",
        "tr0ub4dor&3x",
        "mein Fahrrad ist blau",
        "пароль из слов",
        "🦉🦊🐻🐼🐨🐯🦁🐮🐷🐸",
    ],
)
def test_others_are_taken(password: str) -> None:
    assert PasswordRules().problem_of(password, NAME) == ""


def test_a_list_of_leaked_ones_is_looked_up_without_reading_it_whole(tmp_path: Path) -> None:
    leaked = [f"leaked password {number}" for number in range(2000)]
    digests = sorted(hashlib.sha1(one.encode()).hexdigest().upper() for one in leaked)
    for suffix in ("", ":37"):
        file = tmp_path / f"leaked{len(suffix)}"
        file.write_text("".join(f"{one}{suffix}\n" for one in digests))
        assert all(is_listed(file, one) for one in leaked)
        assert not any(is_listed(file, f"other {number}") for number in range(500))
    rules = PasswordRules(file)
    assert "list of leaked ones" in rules.problem_of("leaked password 7", NAME)
    assert rules.problem_of("another good one", NAME) == ""
    empty = tmp_path / "empty"
    empty.touch()
    assert not is_listed(empty, "x")


def test_a_list_that_cannot_be_read_lets_nothing_pass(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="NOTEHOUSE_BREACHED_PASSWORDS"):
        PasswordRules(tmp_path / "none").problem_of("a long enough one", NAME)
