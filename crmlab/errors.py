"""Errors in plain words, in Chinese and in English: what is wrong, where, how many, what to do."""

from crmlab.words import LANGUAGES, word


class CrmlabError(Exception):
    """Base of all errors that crmlab raises on purpose.

    `key` names the sentence in words.csv (without its prefix `error.`) and `values` fill it; a value that is a function
    is asked for its words in the language. `str(error)` gives both languages; `error.message("zh")` gives one.

    >>> print(CrmlabError("no_course").message("en"))
    The lessons are not here. crmlab is installed without its course: clone the repository and work inside it.
    """

    def __init__(self, key: str, **values: object):
        self.key = key
        self.values = values
        super().__init__(key)

    def message(self, lang: str) -> str:
        values = {name: value(lang) if callable(value) else value for name, value in self.values.items()}
        return word(f"error.{self.key}", lang, **values)

    def __str__(self) -> str:
        return "\n".join(self.message(lang) for lang in reversed(LANGUAGES))


class DataError(CrmlabError, ValueError):
    """The data do not fit: names the column, the number of rows, the first of them, and what to do."""


class ParameterError(CrmlabError, ValueError):
    """A setting has a value that cannot be used."""


class ConsentError(CrmlabError):
    """Data would be used for a purpose that their customers did not agree to.

    `customers` are the ids concerned, pseudonyms in a notebook; `purpose` is the code of the purpose, and `known` are
    those that the data were given for, where the data remember them. The message names the purposes and the first
    customer, and counts them all.
    """

    def __init__(self, key: str, *, customers: tuple[str, ...], purpose: str, known: tuple[str, ...] = ()):
        self.customers = customers
        self.purpose = purpose
        self.known = known
        super().__init__(key, first=customers[0], count=len(customers))

    def message(self, lang: str) -> str:
        purpose, *known = (word(f"world.purpose.{code}", lang) for code in (self.purpose, *self.known))
        mark = word("consent.mark", lang)
        return word(f"error.{self.key}", lang, purpose=purpose, known=mark.join(known), **self.values)
