"""Downloads: resumed, hash checked, unpacked safely.

`download` and `server_answers` are imported where they are used: nothing else needs the network.
"""

from data_fetch.transfer import archives, disk_errors, hashes, partial_file
from data_fetch.transfer.archives import unpack

__all__ = ["archives", "disk_errors", "hashes", "partial_file", "unpack"]
