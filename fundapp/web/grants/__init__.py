"""How GPU grants look: drawings and words that the company's pages and the staff's share."""
