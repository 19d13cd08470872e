"""Patterns that hit a limit of matching count as not matching, and say so."""

import re

import pytest

RULES = r"""
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: one, match: {path: '~^/one/(a+)+$'}, to: new, stage: done}
  - {name: two, match: {path: '~^/two/(a+)+$'}, to: new, stage: done}
"""

SLOW = "a" * 60 + "b"


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES)


def said(router, route):
    return len(re.findall(f'a pattern of route "{route}" hit its match limit',
                          router.nginx.log()))


def test_counts_as_not_matching(router):
    assert router.get("/one/aaa").backend == "new"
    assert router.get("/one/" + SLOW).backend == "legacy"


def test_is_logged_once_a_route(router):
    for _ in range(3):
        router.get("/one/" + SLOW)
        router.get("/two/" + SLOW)
    assert said(router, "one") == 1
    assert said(router, "two") == 1
