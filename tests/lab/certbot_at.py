# SPDX-License-Identifier: ISC
"""Starts the certbot of the Python that runs this, with no cli.ini of the
machine's own (a distribution's may name options that this certbot lacks), and
with what Python 3.10 took away given back to a certbot that was older."""

import collections
import collections.abc
import importlib
import inspect
import sys
import warnings

warnings.simplefilter("ignore")
for name in collections.abc.__all__:
    if not hasattr(collections, name):
        setattr(collections, name, getattr(collections.abc, name))
if not hasattr(inspect, "getargspec"):
    inspect.getargspec = inspect.getfullargspec

for module in ("certbot._internal.constants", "certbot.constants"):
    try:
        importlib.import_module(module).CLI_DEFAULTS["config_files"] = []
        break
    except ImportError:
        pass

from certbot.main import main  # noqa: E402

sys.argv[0] = "certbot"
sys.exit(main())
