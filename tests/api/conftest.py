"""The description of the API is checked with a router of the router tests."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "router"))
