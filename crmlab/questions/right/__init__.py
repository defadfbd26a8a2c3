"""What is right for each question of the exercises, computed from the data and settings at hand.

No submission may read this folder (`crmlab.grade.engine.SECRETS`).
"""

from crmlab.questions.right import collect, segment, serve, start, track

ANSWERS = {
    "00_start": start.ANSWERS,
    "01_collect": collect.ANSWERS,
    "02_segment": segment.ANSWERS,
    "03_serve": serve.ANSWERS,
    "04_track": track.ANSWERS,
}
