"""The course machinery: lesson sources, build, run, report and practice."""
