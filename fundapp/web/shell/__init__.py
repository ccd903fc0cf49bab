"""What every page stands in: language, formats, headers, errors, viewer, forms and paging."""
