"""Ralph and ClickHouse side by side: upstream's layout with one Ralph process, and ours."""
