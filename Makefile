# Every target sets up what it needs; python tasks.py does the work, on Windows too.
PYTHON ?= python3
DATA ?= teaching
COURSE_LANG ?= zh

.PHONY: course test test-engines test-browser lab site build lock

course:
	@$(PYTHON) tasks.py course --data "$(DATA)" --lang $(COURSE_LANG)

test:
	@$(PYTHON) tasks.py test

test-engines:
	@$(PYTHON) tasks.py test-engines

test-browser:
	@$(PYTHON) tasks.py test-browser

lab:
	@$(PYTHON) tasks.py lab --lang $(COURSE_LANG)

site:
	@$(PYTHON) tasks.py site

build:
	@$(PYTHON) tasks.py build

lock:
	@$(PYTHON) tasks.py lock
