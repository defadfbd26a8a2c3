"""How combinations move: with other settings (stability), and from one period to the next (migration)."""

from crmlab.movement.migration import Migration, migrate_periods, migration
from crmlab.movement.stability import Stability, stability

__all__ = ["Migration", "Stability", "migrate_periods", "migration", "stability"]
