"""Other products' pages, measured beside ours. None of their code is here, and none of it runs in ours."""
