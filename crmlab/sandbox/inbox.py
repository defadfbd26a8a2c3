"""What comes out of a job, as it comes: messages are handed on, and the end is put into words."""

import signal
from collections.abc import Callable

from crmlab.sandbox import messages
from crmlab.sandbox.job import OUTCOMES, Ended

DETAIL_CHARACTERS = 500


class Inbox:
    """Takes the bytes of one job. `stop` names why the job has to be stopped; `complete` says that it told its end."""

    def __init__(self, limit: int, on_message: Callable[[dict], None]):
        self._reader = messages.Reader(limit)
        self._on_message = on_message
        self._fault = ""
        self.stop = ""
        self.complete = False

    def take(self, data: bytes) -> None:
        """Hand on the messages in `data`, up to the end of the job or the first that cannot be read."""
        try:
            for kind, message in self._reader.feed(data):
                if kind == messages.MESSAGE:
                    self._on_message(message)
                    continue
                self.complete = True
                self._fault = str(message.get("fault", ""))[:DETAIL_CHARACTERS]
                return
        except messages.TooMuchError:
            self.stop = "output"
        except messages.GarbledError:
            self.stop = "garbled"

    def ended(self, name: str, told: dict) -> Ended:
        """What became of the job, from the messages and from what its worker has `told`."""
        stopped = self.stop or told["stopped"]
        if stopped:
            outcome, detail = (stopped, "") if stopped in OUTCOMES else ("crash", stopped)
        elif self.complete:
            outcome, detail = ("crash", self._fault) if self._fault else ("done", "")
        else:
            outcome, detail = "crash", _status(told["status"])
        return Ended(name, outcome, told["seconds"], told["cpu_seconds"], told["peak_memory"], detail)


def _status(code: int) -> str:
    """An exit status in words, negative for a signal.

    >>> _status(-11), _status(3)
    ('SIGSEGV', 'exit 3')
    """
    if code >= 0:
        return f"exit {code}"
    return signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
