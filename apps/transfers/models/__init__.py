"""The tables of transfers."""

from apps.transfers.models.import_ import Import
from apps.transfers.models.rejected_row import RejectedRow
from apps.transfers.models.upload import Upload

__all__ = ["Import", "RejectedRow", "Upload"]
