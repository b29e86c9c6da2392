"""The jobs as plain functions: source, transforms, storage, report."""
