"""What the card of a model that translates has beside the general part: as of one that sums up."""

from workbench.trust.report_summary import failures, sections

__all__ = ["failures", "sections"]
