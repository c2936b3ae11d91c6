"""The report: the `questions` of `sql/analytics`, the `charts` of their answers, and the `page` that shows them all.

Nothing here changes a row.
"""
