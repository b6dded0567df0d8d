"""Job types, one file each; the file's path is the kind: ``tasks/emails/send.py`` holds ``emails.send``.

To add one, write a file with a function under ``@job``: queue, retry policy, timeout and, if it should run by
itself, ``cron=``. Its docstring is shown to people. Its body is short and calls the feature that does the
work; what it needs comes as named JSON arguments, and a first parameter annotated ``Context`` gives it
progress, checkpoints and a log. Job types do not import one another. Start one with ``send.delay(...)``.
"""
