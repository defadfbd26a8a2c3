"""Frames that an engine keeps for us."""

import gc

from crmlab.frames import Held


class FrameOfASpark:
    def __init__(self, stopped: bool):
        self.stopped = stopped
        self.released = False

    def unpersist(self) -> None:
        if self.stopped:
            raise RuntimeError("the driver is gone")
        self.released = True


def test_frames_are_let_go_of_also_where_one_of_them_rests_on_a_spark_that_has_stopped():
    stopped, running = FrameOfASpark(stopped=True), FrameOfASpark(stopped=False)
    held = Held()
    held.frames += [stopped, running]
    del held
    gc.collect()
    assert running.released
