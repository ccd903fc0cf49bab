"""Invents the demonstration fund: companies, their applications and the GPU time they use."""
