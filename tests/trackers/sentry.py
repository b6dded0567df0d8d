"""Sentry's client, set up as its documentation says, where a test names the place to send errors to."""

import os

import sentry_sdk

if os.environ.get("SENTRY_DSN"):
    sentry_sdk.init(dsn=os.environ["SENTRY_DSN"])
