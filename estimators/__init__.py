"""From one measured run to time and money elsewhere: prices, hardware, projection, ranking."""
