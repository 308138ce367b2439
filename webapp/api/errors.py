"""How errors are written."""

from rest_framework.views import exception_handler as render_problem

__all__ = ["render_problem"]
