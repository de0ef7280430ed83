"""The docker stack: a Collector and Jaeger in containers, on a network of their own, through Docker's SDK.

Nothing is mounted and nothing is run inside: the configuration is copied in, and the judged spans are copied out of
the file that the Collector writes. Everything carries the labels of :mod:`k6spec.stack.owner`.
"""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast, final
from urllib.parse import urlsplit

import docker
import docker.errors
import httpx
from docker.context import ContextAPI
from docker.models.containers import Container as Running
from docker.types import LogConfig
from docker.utils import parse_repository_tag
from requests.exceptions import RequestException

from k6spec.collect.feed import SpanFeed
from k6spec.collect.spool_feed import SpoolFeed
from k6spec.errors import StackFault
from k6spec.stack import collector_config
from k6spec.stack.base import Endpoints, Vantage
from k6spec.stack.collector_config import OLDEST
from k6spec.stack.collector_counters import CollectorCounts, read_counts
from k6spec.stack.collector_feed import CollectorFeed
from k6spec.stack.containers import COLLECTOR, JAEGER, SDK_METRICS_FILE, SPANS_FILE, Container, StackPlan
from k6spec.stack.mirror import Mirror
from k6spec.stack.owner import STACK, Owner, is_leftover
from k6spec.stack.wait import HttpReady, log_tail, wait_for
