"""The factory as described: elements, signals, flows, crews, assumptions, contexts of use; parse, check, digest."""
