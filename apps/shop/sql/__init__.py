"""The shop's statements about what was sold, one a file; the file's name is the verb."""

from apps.lib.statements import Statements

_statements = Statements(__file__)
run = _statements.run
text = _statements.text
