"""The whole journal of a book in the formats of other programs."""

from reports.exports.export import FORMATS, Exported, export_journal

__all__ = ["FORMATS", "Exported", "export_journal"]
