"""Questions by capability: they return rows or frozen dataclasses, and never write."""
