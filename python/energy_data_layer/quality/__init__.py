"""The data-quality page: facts read from a database, and one HTML file that shows them."""
