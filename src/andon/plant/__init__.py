"""The virtual plant: an independent reality on SimPy, behind real protocols."""
