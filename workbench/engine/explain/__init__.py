"""Why a model answers as it does, and whether that explanation can be relied on."""
