"""The mail backend of a machine without a mail server: letters become private files."""

from pathlib import Path

from django.core.mail.backends import filebased

from apps.lib.private_files import FILE, private_folder


class EmailBackend(filebased.EmailBackend):
    """Writes letters to files that only this account may read."""

    def open(self) -> bool:
        """Open a file for the letters of one connection."""
        path = Path(self._get_filename())  # type: ignore[attr-defined]  # missing from the stubs
        private_folder(path.parent)
        path.touch(mode=FILE)
        return bool(super().open())
