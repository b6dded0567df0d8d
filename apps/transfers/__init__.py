"""Moves data in and out in bulk: uploads, imports, rejected rows.

Doors: ``uploads.store_upload``, ``imports.start_import``, ``run.run_import`` for job types,
``rejects.causes`` and ``rejects.as_csv`` for pages.
"""
