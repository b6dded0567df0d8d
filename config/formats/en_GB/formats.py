"""A clock of 24 hours with its seconds: who looks at a job's moments compares them."""

DATE_FORMAT = "j M Y"
TIME_FORMAT = "H:i:s"
DATETIME_FORMAT = "j M Y, H:i:s"
