"""What an applicant company sees."""
