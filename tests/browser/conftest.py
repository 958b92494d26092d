"""The fixtures of all browser tests."""

from __future__ import annotations

from browser_app import browser, serve, visit

__all__ = ["browser", "serve", "visit"]
