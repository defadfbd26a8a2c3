"""The lessons as they are written, read once for all tests of a worker."""

from crmlab.course.paths import course_root
from crmlab.course.source import read_lessons

LESSONS = read_lessons(course_root() / "notebooks" / "source")
