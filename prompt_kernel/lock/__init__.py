"""Locks: the exact versions that a notebook has used, in a file beside it, and stores that expand no others.

`freeze` writes a lock, `verify` says how a store differs from it, and a `LockedStore` expands by it. What a file holds
is in `_file`; how names lead to what is frozen in `_source`.
"""

from prompt_kernel.lock._file import Lock, LockedPrompt
from prompt_kernel.lock._freeze import freeze
from prompt_kernel.lock._locked import Locked, LockedStore, read
from prompt_kernel.lock._verify import verify

__all__ = ["Lock", "Locked", "LockedPrompt", "LockedStore", "freeze", "read", "verify"]
