"""Documents as several rooms hand them out: the file to take away, its pages to look at."""
