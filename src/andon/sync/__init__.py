"""Source tags to readings to state: order, duplicates, clock skew, quarantine, freshness. No input or output."""
