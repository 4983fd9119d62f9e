"""What each service bills beside its rates: the rules, their sources, and bills made from them."""
