"""All networks that the tests of the calculus go through, by name."""

from __future__ import annotations

from array_networks import ARRAY_NETWORKS
from dense_networks import DENSE_NETWORKS
from recurrent_networks import RECURRENT_NETWORKS

NETWORKS = {**DENSE_NETWORKS, **ARRAY_NETWORKS, **RECURRENT_NETWORKS}
