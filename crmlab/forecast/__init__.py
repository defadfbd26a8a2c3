"""What customers will do next: who comes back, and what a customer may be worth."""

from crmlab.forecast.return_model import ReturnModel
from crmlab.forecast.returns import predict_return
from crmlab.forecast.value import LifetimeValue, lifetime_value

__all__ = ["LifetimeValue", "ReturnModel", "lifetime_value", "predict_return"]
