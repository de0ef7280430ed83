"""Docker's errors as faults of the system under test."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from docker import errors
from requests.exceptions import RequestException

from k6spec.errors import StackFault, SutFault


@contextmanager
def sut_faults(what: str, *, advice: str) -> Iterator[None]:
    """Says them in words, with what to do.

    Raises:
        SutFault: in place of Docker's errors, and of the stack's faults.
    """
    try:
        yield
    except StackFault as fault:
        raise SutFault(f"{what}: {fault.cause}", log_tail=fault.log_tail, advice=advice) from fault
    except (errors.DockerException, RequestException) as error:
        raise SutFault(f"{what}: {getattr(error, 'explanation', None) or error}", advice=advice) from error
